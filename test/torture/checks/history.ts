import type { Books } from "../../../local/harness/books.ts";
import type { Reached, RowState } from "./row-history.ts";

/**
 * When a question was asked and when its answer was known, by this machine's monotonic clock in ms, which is
 * one clock for all processes. The answer was true at some instant in between.
 */
export interface Span {
  readonly before: number;
  readonly after: number;
}

/** Which term a process was handed. */
export interface TermId {
  /** Of a shard or a permit: its row, as {@link rowName} names it. */
  readonly row?: string | undefined;
  readonly holder: string;
  readonly token: number;
  /** The process; a candidate that is started again is another. */
  readonly pid: number;
  /** Which proof ended the term before, or `own-term` where a process goes on with that of an earlier one. */
  readonly because: string | undefined;
}

/** A term that a candidate was handed, and when its handle said that it was held. */
export interface HandedOut extends TermId {
  readonly candidate: string;
  /** The first and the last time that `isHeld()` said yes. */
  readonly first: Span;
  readonly last: Span;
  /** How often it said yes. */
  readonly samples: number;
}

/** A number that storage accepted. */
export interface GivenNumber {
  readonly token: number;
  readonly holder: string;
  readonly number: number;
  /** When its write went on to the engine. */
  readonly forwardedAt: number;
}

/** What the checks judge: what the engine showed, and what the candidates said that they believed. */
export interface History {
  /** The states of the lease's row by revision. */
  readonly states: ReadonlyMap<number, RowState>;
  /** How many writes were accepted upon each revision. */
  readonly writesUpon: ReadonlyMap<number, number>;
  readonly contradictions: readonly string[];
  readonly reached: readonly Reached[];
  /** The row as the runner saw it past the proxy, in order. */
  readonly seen: readonly RowState[];
  /** Every term that a candidate was handed, in the order in which they were reported. */
  readonly handedOut: readonly HandedOut[];
  readonly given: readonly GivenNumber[];
  readonly books: Books;
}

/** What is wrong with a history: each entry a sentence. */
export type Check<H = History> = (history: H) => readonly string[];

/** What the checks call a row of a table of groups. */
export const rowName = (name: string, sortKey: string): string => `${name}/${sortKey}`;
