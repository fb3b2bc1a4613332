import { z } from "zod";
import type { Outcome } from "../functions/environment.ts";
import type { Invocation } from "../functions/service.ts";
import type { Fault } from "./plan.ts";

/** What is known of one run of the numbering function. Filled in as it goes. */
export interface Run {
  readonly invocation: Invocation;
  /** The occurrence it was delivered for. */
  readonly tick: string;
  /** When its first and its last write were accepted by storage, and when it ended: places in one order. */
  firstAccepted: number | undefined;
  lastAccepted: number | undefined;
  settled: number | undefined;
  accepted: number;
  /** Writes that storage refused because the term was over. */
  fenced: number;
  /** What was done to it. */
  struck: Fault["kind"] | undefined;
  outcome: Outcome | undefined;
}

/** What a run came to, as its handler says. */
export type Result =
  | { readonly kind: "led"; readonly token: number | undefined; readonly numbered: number }
  | { readonly kind: "followed"; readonly reason: string }
  /** It neither led to the end nor followed. */
  | { readonly kind: "broken"; readonly why: string }
  | { readonly kind: "running" };

/** Reads what a run came to off its outcome. */
export function resultOf({ outcome }: Pick<Run, "outcome">): Result {
  switch (outcome?.kind) {
    case undefined:
      return { kind: "running" };
    case "returned":
      return resultOfValue(outcome.value);
    case "threw": {
      const { code, name, message } = outcome.error;
      return { kind: "broken", why: `${code ?? name}: ${message}` };
    }
    case "crashed":
    case "timed-out":
      return { kind: "broken", why: outcome.kind };
    default:
      return outcome satisfies never;
  }
}

/** What the handler returns, as far as it is read. */
const valueSchema = z.discriminatedUnion("led", [
  z.object({ led: z.literal(true), token: z.number().optional(), numbers: z.array(z.number()) }),
  z.object({ led: z.literal(false), reason: z.string() }),
]);

function resultOfValue(value: unknown): Result {
  const { data } = valueSchema.safeParse(value);
  if (data === undefined) return { kind: "broken", why: "the handler's result does not say whether it led" };
  if (!data.led) return { kind: "followed", reason: data.reason };
  return { kind: "led", token: data.token, numbered: data.numbers.length };
}

/** A run that has just begun. */
export function beginRun(invocation: Invocation, tick: string): Run {
  const nothingYet = { firstAccepted: undefined, lastAccepted: undefined, settled: undefined };
  return { invocation, tick, ...nothingYet, accepted: 0, fenced: 0, struck: undefined, outcome: undefined };
}

/** Whether a run worked as leader, to the end or not. */
export function worked(run: Run): boolean {
  return run.accepted > 0 || run.struck !== undefined || resultOf(run).kind === "led";
}
