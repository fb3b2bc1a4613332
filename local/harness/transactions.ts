import type { Exchange } from "./link.ts";

/** What storage made of a transaction: `fenced` means that one of its conditions was not met. */
export type TransactionOutcome = "accepted" | "fenced" | "failed";

/** The operation by which the invoice job writes. */
export const TRANSACTION = "TransactWriteItems";

/** What is read of an answer. */
interface Cancellation {
  readonly CancellationReasons?: readonly { readonly Code?: string }[];
}

/** Reads an answer to `TransactWriteItems`. The job's only conditions are its fence. */
export function transactionOutcome({
  status,
  answer,
}: Pick<Exchange, "status" | "answer">): TransactionOutcome {
  if (status === 200) return "accepted";
  const { CancellationReasons } = parse<Cancellation>(answer);
  const fenced = CancellationReasons?.some(({ Code }) => Code === "ConditionalCheckFailed") ?? false;
  return fenced ? "fenced" : "failed";
}

/** Reads a body as JSON; an empty object for what is none. */
export function parse<T extends object>(body: Buffer): Partial<T> {
  try {
    return JSON.parse(body.toString("utf8")) as Partial<T>;
  } catch {
    return {};
  }
}
