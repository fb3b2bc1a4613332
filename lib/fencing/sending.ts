import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { isConflict, pastTransactions } from "../dynamodb/transaction-conflicts.ts";

/** Why one item of a transaction stood in its way; `Code` is `None` for one that did not. */
export interface Reason {
  readonly Code?: string | undefined;
  readonly Message?: string | undefined;
  Item?: Record<string, AttributeValue> | undefined;
}

/** Each item's reason, in the items' order; empty for anything but a cancelled transaction. */
export function reasonsOf(error: unknown): readonly Reason[] {
  const { name, CancellationReasons } = (error ?? {}) as { name?: string; CancellationReasons?: Reason[] };
  return name === "TransactionCanceledException" ? (CancellationReasons ?? []) : [];
}

/** What passes through a command's stack. */
interface Sent {
  readonly input: { readonly TransactItems?: unknown; readonly ClientRequestToken?: string | undefined };
}

/** Passes a request on; may be called again. */
type Next = (sent: Sent) => Promise<object>;

/** `override`, since a document command puts its own stack into the client's twice. */
interface StackPlace {
  readonly step: "initialize";
  readonly name: string;
  readonly priority: "low";
  readonly override: true;
}

/** A command of the SDK, as far as its sending is guarded here. */
interface Sendable {
  readonly middlewareStack: {
    add(middleware: unknown, options: StackPlace): void;
  };
}

/**
 * Has a command sent again while transactions stand in its way, and its failures explained. All of it is on the
 * command's own stack: clients are left alone.
 */
export function guardSending<C extends Sendable>(command: C, explain: (error: unknown) => unknown): C {
  const guard = (next: Next) => async (sent: Sent) => {
    const { input } = sent;
    // Made here and not by the serializer: every try is then the same transaction, which is applied once.
    const ClientRequestToken = input.ClientRequestToken ?? crypto.randomUUID();
    const same = "TransactItems" in input ? { ...sent, input: { ...input, ClientRequestToken } } : sent;
    try {
      return await pastTransactions(() => next(same), { isConflict: isConflictAlone });
    } catch (error) {
      throw explain(error);
    }
  };
  const place: StackPlace = { step: "initialize", name: "leaseholdFence", priority: "low", override: true };
  command.middlewareStack.add(guard, place);
  return command;
}

/** Whether a failure says nothing but that another write was in the way. A failed condition is an answer. */
function isConflictAlone(error: unknown): boolean {
  if (isConflict(error)) return true;
  const codes = new Set(reasonsOf(error).map(({ Code }) => Code));
  return codes.has("TransactionConflict") && !codes.has("ConditionalCheckFailed");
}
