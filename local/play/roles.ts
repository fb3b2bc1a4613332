import type { Deployment, FunctionSpec, ScheduleSpec } from "../assembly/deployment.ts";
import { DEFAULT_TIMING, recoveryBoundMs } from "../../lib/index.ts";

/** Which function does what in a deployment of the reference workload. */
export interface Roles {
  /** The function that elects a leader and numbers invoices. */
  readonly numbering: FunctionSpec;
  readonly numberingSchedule: ScheduleSpec;
  /** What else is scheduled. */
  readonly others: readonly { readonly spec: FunctionSpec; readonly schedule: ScheduleSpec }[];
  readonly invoiceTable: string;
  /** How long a crashed leader's work can stay without a leader until the next attempt, in ms. */
  readonly recoveryMs: number;
}

/**
 * Finds the parts of the reference workload in a deployment: the numbering function is the one that has a
 * lease to lead under.
 * @throws {Error} when one is missing
 */
export function rolesOf({ functions, schedules }: Deployment): Roles {
  const numbering = functions.find(({ variables }) => variables["LEASE_NAME"] !== undefined);
  const invoiceTable = numbering?.variables["INVOICE_TABLE_NAME"];
  if (numbering === undefined || invoiceTable === undefined) {
    throw new Error(
      "the deployment has no function with LEASE_NAME and INVOICE_TABLE_NAME in its environment",
    );
  }
  const numberingSchedule = schedules.find(({ targetArn }) => targetArn === numbering.arn);
  if (numberingSchedule === undefined)
    throw new Error(`no schedule of the deployment invokes ${numbering.name}`);
  const others = schedules.flatMap((schedule) => {
    if (schedule === numberingSchedule) return [];
    const spec = functions.find(({ arn }) => arn === schedule.targetArn);
    if (spec !== undefined) return [{ spec, schedule }];
    throw new Error(
      `schedule ${schedule.name} invokes ${schedule.targetArn}, which the deployment does not have`,
    );
  });
  const durationMs = Number(numbering.variables["LEASE_DURATION_MS"] ?? DEFAULT_TIMING.durationMs);
  const recoveryMs = recoveryBoundMs({ ...DEFAULT_TIMING, durationMs, retryIntervalMs: 0 });
  return { numbering, numberingSchedule, others, invoiceTable, recoveryMs };
}
