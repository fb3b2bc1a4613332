import { invalid } from "../core/errors.ts";
import { MAX_NAME_BYTES, parseText } from "../core/names.ts";
import { parseWholeMs } from "../core/timing.ts";
import { MAX_TABLE_NAME_BYTES } from "./schema.ts";

/** An election as a deployment states it: what a construct checked is what the function runs with. */
export interface LeaseEnvironment {
  /** Name (or ARN) of the lease table. */
  readonly tableName: string;
  /** The lease that whoever does the job has to hold. */
  readonly name: string;
  /** How long a term lasts without renewal, in ms. */
  readonly durationMs: number;
}

/** The environment variables that state an election. */
export const LEASE_VARIABLES = {
  tableName: "LEASE_TABLE_NAME",
  name: "LEASE_NAME",
  durationMs: "LEASE_DURATION_MS",
} as const;

/** Shortest and longest lease, in ms: the client's own bounds, so that synthesis refuses what a client would. */
export const LEASE_DURATION_BOUNDS_MS = { min: 1_000, max: 86_400_000 } as const;

const SET_BY = "LeaderSchedule sets it on its function; elsewhere set it in the deployment";

/** Writes an election down as environment variables: the counterpart of {@link leaseEnvironment}. */
export function leaseVariables(environment: LeaseEnvironment): Record<string, string> {
  return {
    [LEASE_VARIABLES.tableName]: environment.tableName,
    [LEASE_VARIABLES.name]: environment.name,
    [LEASE_VARIABLES.durationMs]: String(environment.durationMs),
  };
}

/**
 * Reads the election that this process was deployed for, from `LEASE_TABLE_NAME`, `LEASE_NAME` and
 * `LEASE_DURATION_MS`. `LeaderSchedule` sets all three, so the handler runs with the very values that synthesis
 * checked. Call it outside of the handler: a deployment that lacks one then fails at its first start.
 *
 * ```ts
 * const { name, ...table } = leaseEnvironment();
 * const leases = new LeaseClient(table);
 * ```
 *
 * @param variables where to read
 * @default - `process.env`
 * @throws {LeaseError} INVALID_ARGUMENT naming the variable that is missing, empty or out of bounds, and what sets it
 */
export function leaseEnvironment(
  variables: Readonly<Record<string, string | undefined>> = process.env,
): LeaseEnvironment {
  return {
    tableName: parseText(given(variables, "tableName"), LEASE_VARIABLES.tableName, MAX_TABLE_NAME_BYTES),
    name: parseText(given(variables, "name"), LEASE_VARIABLES.name, MAX_NAME_BYTES),
    durationMs: parseDuration(given(variables, "durationMs")),
  };
}

function given(
  variables: Readonly<Record<string, string | undefined>>,
  what: keyof typeof LEASE_VARIABLES,
): string {
  const variable = LEASE_VARIABLES[what];
  const value = variables[variable];
  if (value === undefined || value === "") {
    throw invalid(`the environment variable ${variable} is ${value === "" ? "empty" : "not set"}; ${SET_BY}`);
  }
  return value;
}

function parseDuration(text: string): number {
  const { min, max } = LEASE_DURATION_BOUNDS_MS;
  // Number() would take "1e4", "0x10" and blanks for numbers, which nobody means here.
  const value = /^\d+$/.test(text) ? Number(text) : text;
  return parseWholeMs(value, LEASE_VARIABLES.durationMs, 0, min, max);
}
