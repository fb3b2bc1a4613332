import type { LeaseRecord } from "./record.ts";
import type { Expectation, LeaseWrite } from "./lease-write.ts";

/** Whether a record (or its absence) is what a write expects. */
export function accepts(record: LeaseRecord | undefined, expects: Expectation): boolean {
  const { vacant, openTo, requestedBelow, tokenBelow, tickBelow, ...equal } = expects;
  if (vacant !== undefined && record?.holder !== undefined) return false;
  if (openTo !== undefined && record?.reservedFor !== undefined && !openTo.includes(record.reservedFor)) {
    return false;
  }
  if (
    requestedBelow !== undefined &&
    record?.requestedPriority !== undefined &&
    record.requestedPriority >= requestedBelow
  ) {
    return false;
  }
  if (tokenBelow !== undefined && record !== undefined && record.token >= tokenBelow) return false;
  if (tickBelow !== undefined && record?.tick !== undefined && record.tick >= tickBelow) return false;
  return (Object.keys(equal) as (keyof typeof equal)[]).every((key) => record?.[key] === equal[key]);
}

/** The record that an accepted write leaves behind. */
export function applied(record: LeaseRecord | undefined, write: LeaseWrite): LeaseRecord {
  const { writeId = "", revision = 0, transitions = 0 } = record ?? {};
  const next: Record<string, unknown> = {
    token: 0,
    durationMs: 0,
    ...record,
    ...write.set,
    name: write.name,
    ...(write.row === undefined ? {} : { row: write.row }),
    writeId: write.piggybacks ? writeId : write.writeId,
    revision: write.piggybacks ? revision : revision + 1,
    transitions: transitions + (write.beginsTerm ? 1 : 0),
  };
  // Only what is there: an object that something was deleted from is slower to read.
  for (const attribute of write.clear) if (attribute in next) delete next[attribute];
  next["durationMs"] ??= 0;
  return next as unknown as LeaseRecord;
}
