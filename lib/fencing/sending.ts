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

/** Makes of a failure what its caller is told. `retried` is how often the SDK had tried again before, whatever had become of that. */
type Explain = (error: unknown, retried: number) => unknown;

/**
 * Has a command sent again while transactions stand in its way, and its failures explained. All of it is on the
 * command's own stack: clients are left alone.
 */
export function guardSending<C extends Sendable>(command: C, explain: Explain): C {
  const guard = (next: Next) => async (sent: Sent) => {
    const { input } = sent;
    // Made here and not by the serializer: every try is then the same transaction, which is applied once.
    const ClientRequestToken = input.ClientRequestToken ?? crypto.randomUUID();
    const same = "TransactItems" in input ? { ...sent, input: { ...input, ClientRequestToken } } : sent;
    let retried = 0;
    const sending = async (): Promise<object> => {
      try {
        return await next(same);
      } catch (error) {
        retried += attemptsOf(error) - 1;
        throw error;
      }
    };
    try {
      return await pastTransactions(sending, { isConflict: isConflictAlone });
    } catch (error) {
      throw explain(error, retried);
    }
  };
  const place: StackPlace = { step: "initialize", name: "leaseholdFence", priority: "low", override: true };
  command.middlewareStack.add(guard, place);
  return command;
}

/** How often the SDK had sent a command by itself when it failed. */
function attemptsOf(error: unknown): number {
  return (error as { $metadata?: { attempts?: number } } | null)?.$metadata?.attempts ?? 1;
}

/** Whether a failure says nothing but that another write was in the way. A failed condition is an answer. */
function isConflictAlone(error: unknown): boolean {
  if (isConflict(error)) return true;
  const codes = new Set(reasonsOf(error).map(({ Code }) => Code));
  return codes.has("TransactionConflict") && !codes.has("ConditionalCheckFailed");
}
