import type { Command } from "commander";
import type { Asked, ForcedRelease, RewoundTick, StepDownRequest } from "../client/operating.ts";
import type { LeaseIterator } from "../client/iteration.ts";
import type { ObserveOptions } from "../client/reading.ts";
import type { LeaseState } from "../core/record.ts";
import type { LeaseClient } from "../dynamodb/lease-client.ts";
import { CommandFailure } from "./failure.ts";
import { calledOf, commandAbout, shellWord } from "./text.ts";

/** The option that makes a command one about a shard. */
export interface ShardOption {
  readonly shard?: string;
}

/** What a command looks at and operates: a lease, or a shard of a group. */
export interface Subject {
  /** The lease's name; of a shard the group's. */
  readonly name: string;
  readonly shard: string | null;
  /** As sentences call it. */
  readonly called: string;
  get(): Promise<LeaseState>;
  observe(options: ObserveOptions): LeaseIterator;
  requestStepDown(options: StepDownRequest): Promise<Asked>;
  forceRelease(): Promise<ForcedRelease>;
  rewindTick(to: string | undefined): Promise<RewoundTick>;
  /** The ids of those that it can be kept for, as far as they are listed. */
  listed(): Promise<readonly string[]>;
  /** Where those are listed: a command to be copied. */
  readonly whereListed: string;
  /** Writes a command about it, to be copied to a shell. */
  command(command: string, ...options: string[]): string;
}

/** Fails where the table has no row of what nobody leads: its name is likely wrong. */
export async function assertKnown(subject: Subject): Promise<void> {
  const { holder, token } = await subject.get();
  if (holder !== undefined || token !== 0) return;
  const what = subject.shard === null ? "lease" : "shard";
  throw new CommandFailure(`the table knows nothing of this ${what}: "${subject.called}"; nothing was done`);
}

/** Adds `--shard` to a command about one lease. */
export function withShard(command: Command): Command {
  return command.option("--shard <name>", "a shard of the group <name>, and no lease of its own");
}

/** The subject of a command: a lease, or with `--shard` a shard. */
export function subjectOf(leases: LeaseClient, name: string, { shard }: ShardOption): Subject {
  const called = calledOf({ name, shard });
  if (shard !== undefined) {
    const group = leases.group(name);
    return {
      name,
      shard,
      called,
      get: () => group.get(shard),
      observe: (options) => group.observe(shard, options),
      requestStepDown: (options) => group.requestStepDown(shard, options),
      forceRelease: () => group.forceRelease(shard),
      rewindTick: (to) => group.rewindTick(shard, to),
      listed: async () => (await group.status()).workers.map(({ id }) => id),
      whereListed: commandAbout("group", name),
      command: (command, ...options) => commandAbout(command, name, "--shard", shellWord(shard), ...options),
    };
  }
  return {
    name,
    shard: null,
    called,
    get: () => leases.get(name),
    observe: (options) => leases.observe(name, options),
    requestStepDown: (options) => leases.requestStepDown(name, options),
    forceRelease: () => leases.forceRelease(name),
    rewindTick: (to) => leases.rewindTick(name, to),
    listed: async () => (await leases.candidates(name)).map(({ id }) => id),
    whereListed: commandAbout("candidates", name),
    command: (command, ...options) => commandAbout(command, name, ...options),
  };
}
