const MAX_TRIES = 6;
const FIRST_PAUSE_MS = 10;

/**
 * Sends again what a transaction stood in the way of. While a fenced transaction checks the lease row, single
 * writes to the row fail with `TransactionConflictException`, which surely applied nothing and which the SDK does not
 * retry by itself. Gives up after about 300 ms, or when the signal is aborted.
 */
export async function pastTransactions<T>(signal: AbortSignal, send: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await send();
    } catch (error) {
      const inTheWay = (error as Error | null)?.name === "TransactionConflictException";
      if (!inTheWay || tries === MAX_TRIES || signal.aborted) throw error;
      await new Promise((resolve) => {
        setTimeout(resolve, FIRST_PAUSE_MS * 2 ** (tries - 1));
      });
    }
  }
}
