import type { Role } from "./requests.ts";

/** A command of the command line. */
export interface Command {
  /** The grant that it is for. `-all` where it needs one without names. */
  readonly grant: Role;
  /** The calls of the package that it is made of. */
  readonly calls: readonly string[];
  /** Actions that it takes besides: what it reads of the table itself. */
  readonly actions?: readonly string[];
  /** Its arguments where `test/cli/permissions.test.ts` plays it, on the lease `writer`. */
  readonly plays: readonly string[];
}

/**
 * Every command that works on a table, and the grant that it works under. Its actions are those of its calls. A new command
 * is a new line here, and a row in docs/guides/permissions.md.
 */
export const COMMANDS: Readonly<Record<string, Command>> = {
  list: { grant: "operate-all", calls: ["leases.list"], plays: ["list"] },
  "list --groups": { grant: "operate-all", calls: ["leases.list"], plays: ["list", "--groups"] },
  get: { grant: "operate", calls: ["leases.get", "group.status"], plays: ["get", "writer"] },
  watch: { grant: "operate", calls: ["leases.observe", "group.status"], plays: ["watch", "writer"] },
  group: { grant: "operate", calls: ["group.status"], plays: ["group", "writer"] },
  "watch --group": { grant: "operate", calls: ["group.status"], plays: ["watch", "writer", "--group"] },
  candidates: {
    grant: "operate",
    calls: ["leases.candidates", "leases.get"],
    plays: ["candidates", "writer"],
  },
  "step-down": {
    grant: "operate",
    calls: ["leases.candidates", "leases.requestStepDown", "leases.observe"],
    plays: ["step-down", "writer", "--to", "heir", "--no-wait"],
  },
  "release --force": {
    grant: "operate",
    calls: ["leases.get", "leases.forceRelease"],
    plays: ["release", "writer", "--force"],
  },
  "tick --set": {
    grant: "operate",
    calls: ["leases.get", "leases.rewindTick"],
    plays: ["tick", "writer", "--set", "2026-01-30T02:00:00Z"],
  },
  "tick --clear": {
    grant: "operate",
    calls: ["leases.get", "leases.rewindTick"],
    plays: ["tick", "writer", "--clear"],
  },
  doctor: {
    grant: "operate-all",
    calls: ["leases.list", "leases.get"],
    actions: ["DescribeTable", "DescribeTimeToLive", "DescribeContinuousBackups"],
    plays: ["doctor"],
  },
  run: {
    grant: "campaign",
    calls: ["candidate.run", "candidate.campaign", "leases.run"],
    plays: ["run", "writer", "--once", "--", "true"],
  },
};

/** What `doctor` tries to find out what its caller may do. A denial is a finding, and what is allowed is refused by its condition. */
export const PROBES: readonly string[] = [
  "Query",
  "UpdateItem",
  "DeleteItem",
  "TransactWriteItems",
  "GetCallerIdentity",
];

/** What `table create` takes: the work of an administrator, for which no grant of a table can stand. */
export const TO_CREATE: readonly string[] = [
  "CreateTable",
  "DescribeTable",
  "UpdateTimeToLive",
  "UpdateContinuousBackups",
];
