import type { Role } from "./requests.ts";

/** A command of the CLI. */
export interface Command {
  /** The grant that it is for. `-all` where it needs one without names. */
  readonly grant: Role;
  /** The calls of the package that it is made of. */
  readonly calls: readonly string[];
  /** Actions that it takes besides: what it reads of the table itself. */
  readonly actions?: readonly string[];
}

/**
 * Every command of the CLI and the grant that it works under. Its actions are those of its calls. A
 * new command is a new line here, and a row in docs/guides/permissions.md.
 */
export const COMMANDS: Readonly<Record<string, Command>> = {
  list: { grant: "operate-all", calls: ["leases.list"] },
  get: { grant: "operate", calls: ["leases.get"] },
  watch: { grant: "operate", calls: ["leases.observe"] },
  candidates: { grant: "operate", calls: ["leases.candidates"] },
  "step-down": { grant: "operate", calls: ["leases.requestStepDown"] },
  "release --force": { grant: "operate", calls: ["leases.get", "leases.forceRelease"] },
  "tick --set": { grant: "operate", calls: ["leases.get", "leases.rewindTick"] },
  "tick --clear": { grant: "operate", calls: ["leases.get", "leases.rewindTick"] },
  doctor: {
    grant: "operate-all",
    calls: ["leases.list"],
    actions: ["DescribeTable", "DescribeTimeToLive", "DescribeContinuousBackups"],
  },
  run: { grant: "campaign", calls: ["candidate.run", "candidate.campaign", "leases.run"] },
};
