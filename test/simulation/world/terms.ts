import { AsyncLocalStorage } from "node:async_hooks";
import type { Lease } from "../../../lib/client/lease.ts";
import type { TermLog } from "../history.ts";
import type { SimProcess } from "./process.ts";

/** A term that its holder was told of and that is not known to be over. */
export interface OpenTerm {
  readonly log: TermLog;
  readonly lease: Lease;
  readonly process: SimProcess;
}

/** Which operation of the public surface a request belongs to. Renewals by timer belong to none. */
export const operations = new AsyncLocalStorage<number>();
