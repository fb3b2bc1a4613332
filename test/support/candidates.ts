import type { Candidate, CandidateOptions } from "../../lib/client/candidate.ts";
import type { Lease } from "../../lib/client/lease.ts";
import type { StoreLeaseClient } from "../../lib/client/lease-client.ts";
import type { LeaseEnd } from "../../lib/core/term.ts";
import type { World } from "./worlds.ts";

/** A candidate, and what it told its listeners, in order. */
export interface Noted {
  readonly candidate: Candidate;
  /** `elected <token>`, `lost <reason>`, `leader <holder>`. */
  readonly told: readonly string[];
  /** The leases that it was told of. */
  readonly leases: readonly Lease[];
  readonly ends: readonly LeaseEnd[];
}

/** Makes a candidate that notes what it tells. */
export function noted(client: StoreLeaseClient, name: string, options: CandidateOptions = {}): Noted {
  const told: string[] = [];
  const leases: Lease[] = [];
  const ends: LeaseEnd[] = [];
  const candidate = client.candidate(name, {
    onElected: (lease) => {
      leases.push(lease);
      told.push(`elected ${lease.token}`);
    },
    onLost: (end) => {
      ends.push(end);
      told.push(`lost ${end.reason}`);
    },
    onNewLeader: ({ holder }) => told.push(`leader ${holder}`),
    ...options,
  });
  return { candidate, told, leases, ends };
}

/** Work that leads until it is told to stop. */
export function untilStopped({ signal }: Lease): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve());
  });
}

/** Lets time pass until something holds, at most `ms`. */
export async function until(here: World, ms: number, what: string, holds: () => boolean): Promise<void> {
  const { clock } = here.member();
  const end = clock.now().mono + ms;
  while (!holds()) {
    if (clock.now().mono > end) throw new Error(`not within ${ms} ms: ${what}`);
    await here.pass(20);
  }
}
