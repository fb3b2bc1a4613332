const MAX_TRIES = 6;
const FIRST_PAUSE_MS = 10;

/** How to send past transactions. */
export interface Past {
  /** Ends the tries. */
  readonly signal?: AbortSignal;
  /**
   * Whether a failure says nothing but that a transaction stood in the way.
   * @default - the one that single writes meet
   */
  readonly isConflict?: (error: unknown) => boolean;
  /**
   * What each pause is multiplied by.
   * @default - 1
   */
  readonly spread?: () => number;
}

/** Whether a single write met a transaction. */
export function isConflict(error: unknown): boolean {
  return (error as Error | null)?.name === "TransactionConflictException";
}

/**
 * Sends again what a transaction stood in the way of. While a fenced transaction checks the lease row, single
 * writes to the row fail with `TransactionConflictException`, which surely applied nothing and which the SDK does not
 * retry by itself. Gives up after about 300 ms (times the spread), or when the signal is aborted.
 */
export async function pastTransactions<T>(send: () => Promise<T>, past: Past = {}): Promise<T> {
  const { signal, isConflict: inTheWay = isConflict, spread = () => 1 } = past;
  for (let tries = 1; ; tries += 1) {
    try {
      return await send();
    } catch (error) {
      if (!inTheWay(error) || tries === MAX_TRIES || signal?.aborted) throw error;
    }
    const pauseMs = FIRST_PAUSE_MS * 2 ** (tries - 1) * spread();
    await new Promise((resolve) => {
      setTimeout(resolve, pauseMs);
    });
  }
}
