import { stateOf } from "../core/record.ts";
import { parseStepDown } from "../core/options.ts";
import { invalid, type LeaseError } from "../core/errors.ts";
import { parseKnown } from "../core/known.ts";
import { show } from "../core/timing.ts";
import type { ReleaseResult } from "../core/term.ts";
import type { NewTerm } from "../core/term-state.ts";
import { storableValue } from "../core/value.ts";
import type { Contender } from "./contender.ts";
import type { LeaseHandle, OnEnd } from "./handle.ts";
import { isWorkOf } from "./own-work.ts";
import { TermDriver } from "./term-driver.ts";

/** Makes the handle of a term that has begun. It is in `open` for as long as it needs a release. */
export function openLease(self: Contender, won: NewTerm, open: Set<LeaseHandle>, onEnd?: OnEnd): LeaseHandle {
  const { name, holder, exchange } = self;
  const { token } = won.record;
  const driver = new TermDriver(self, won, { onEnd, forget: () => open.delete(handle) });
  /** Whether the work has said that its occurrence is done. */
  let completed = false;
  /** Whether nobody but the work has the handle. */
  let handedOut = false;
  const remainingMs = (): number => driver.remainingMs();

  const handle: LeaseHandle = {
    name,
    holder,
    token,
    tableName: exchange.tableName,
    signal: driver.ender.signal,
    handover: driver.handover,
    released: driver.released,
    get releasing() {
      return driver.term.row.is !== "held";
    },
    get completed() {
      return completed;
    },
    get state() {
      return stateOf(name, driver.term.record, false);
    },
    get end() {
      remainingMs();
      const { lead } = driver.term;
      return lead.is === "over" ? lead.end : undefined;
    },
    remainingMs,
    isHeld: () => remainingMs() > 0,
    assertHeld: (options) => assertHeld(self, driver, options),
    lost: () => driver.lost(),
    waitForWork({ handedOut: has = false } = {}) {
      handedOut = has;
      driver.happen({ on: "work" });
    },
    heard: (date, at) => void driver.happen({ on: "heard", date }, at),
    renew: () => driver.renew({ byTimer: false }),
    proclaim: (value) => proclaim(name, driver, value),
    askToStop: (reason) => void driver.happen({ on: "stop", reason }),
    stepDown: async (options = {}) => {
      const { reserveFor: to, ...how } = parseStepDown(options, self.settings);
      const refused = driver.happen({ on: "step-down", to, ...how }).find((effect) => effect.do === "refuse");
      if (refused !== undefined) throw unkept(self, refused);
      return handedOut || isWorkOf(handle) ? { kind: "pending" } : driver.released;
    },
    complete() {
      completed = true;
    },
    releaseUnseen: () => driver.release(completed, true),
    release: (options) => release(driver, options, completed),
    async [Symbol.asyncDispose]() {
      await handle.release({ completed: false });
    },
  };
  open.add(handle);
  driver.begin();
  return handle;
}

function assertHeld(self: Contender, driver: TermDriver, options: { readonly needMs?: number } = {}): void {
  parseKnown(options, { needMs: true }, "assertHeld");
  const { needMs = 0 } = options;
  if (!(typeof needMs === "number" && needMs >= 0)) {
    throw invalid(`needMs must be a number of milliseconds from 0, not ${show(needMs)}`);
  }
  const remaining = driver.remainingMs();
  if (remaining <= 0) throw driver.lost();
  if (remaining >= needMs) return;
  const message = `lasts ${Math.floor(remaining)} ms more, ${needMs} are needed`;
  throw self.error("LEASE_LOST", message);
}

/** The value is copied at the call: a renewal may have to wait its turn, and the caller may go on with the original. */
function proclaim(name: string, driver: TermDriver, value: unknown): Promise<void> {
  let copy: unknown;
  try {
    copy = value === undefined ? undefined : storableValue(value, name);
  } catch (error) {
    return Promise.reject(error);
  }
  return driver.renew({ byTimer: false, value: { is: copy } });
}

/** Whatever was asked, the term ends. What was asked wrongly does not say that the occurrence is done. */
async function release(
  driver: TermDriver,
  options: { readonly completed?: boolean } = {},
  completed: boolean,
): Promise<ReleaseResult> {
  try {
    parseKnown(options, { completed: true }, "release");
  } catch (error) {
    await driver.release(completed, false);
    throw error;
  }
  const { completed: done = true } = options;
  return driver.release(done || completed, false);
}

function unkept(
  self: Contender,
  { heldMs, to }: { readonly heldMs: number; readonly to: string },
): LeaseError {
  const message = `is kept for nobody within its minimum hold (holdAtLeastMs), so not for reserveFor ("${to}") either; step down without it, or in ${heldMs} ms`;
  return self.error("INVALID_ARGUMENT", message);
}
