const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 320;
/** For how long a sender that says nothing of it tries, in ms. */
const LASTS_MS = 500;

/** How to send past transactions. */
export interface Past {
  /** Ends the tries. */
  readonly signal?: AbortSignal;
  /**
   * How long to try, in ms.
   * @default 500
   */
  readonly timeoutMs?: number | undefined;
  /**
   * Whether a failure says nothing but that a transaction stood in the way.
   * @default - the one that single writes meet
   */
  readonly isConflict?: (error: unknown) => boolean;
}

/** Whether a single write met a transaction. */
export function isConflict(error: unknown): boolean {
  return (error as Error | null)?.name === "TransactionConflictException";
}

/**
 * Sends again what a transaction stood in the way of. While a fenced transaction checks the lease row, single
 * writes to the row fail with `TransactionConflictException`, which surely applied nothing and which the SDK does not
 * retry by itself. Gives up when another pause would outlast the time, or when the signal is aborted. Pauses are spread, so that
 * writers which met each other do not meet again at once.
 */
export async function pastTransactions<T>(send: () => Promise<T>, past: Past = {}): Promise<T> {
  const { signal, timeoutMs = LASTS_MS, isConflict: inTheWay = isConflict } = past;
  const until = performance.now() + timeoutMs;
  for (let longestMs = FIRST_PAUSE_MS; ; longestMs = Math.min(2 * longestMs, LONGEST_PAUSE_MS)) {
    const pauseMs = longestMs * (0.5 + Math.random());
    const begun = performance.now();
    try {
      return await send();
    } catch (error) {
      const ended = performance.now();
      const late = ended + pauseMs + (ended - begun) > until;
      if (!inTheWay(error) || late || signal?.aborted) throw error;
    }
    await new Promise((resolve) => {
      setTimeout(resolve, pauseMs);
    });
  }
}
