import { z } from "zod";

/** What `--json` says, as docs/guides/cli-run.md has it. */
const about = { lease: z.string(), at: z.iso.datetime() };
const EVENT = z.discriminatedUnion("event", [
  z.strictObject({ event: z.literal("waits"), ...about, leader: z.string() }),
  z.strictObject({ event: z.literal("leads"), ...about, holder: z.string(), token: z.int() }),
  z.strictObject({
    event: z.literal("followed"),
    ...about,
    reason: z.enum(["held", "reserved", "tick-done", "tick-passed"]),
    leader: z.string().nullable(),
  }),
  z.strictObject({ event: z.literal("handover"), ...about, to: z.string().nullable() }),
  z.strictObject({
    event: z.literal("lost"),
    ...about,
    reason: z.enum(["expired", "superseded", "revoked"]),
  }),
  z.strictObject({ event: z.literal("trouble"), ...about, cause: z.string() }),
  z.strictObject({ event: z.literal("ended"), ...about, code: z.int() }),
  z.strictObject({ event: z.literal("failed"), ...about, cause: z.string(), code: z.int() }),
]);
/** Reads what `run --json` says on standard error, and holds it to its shape. */
export const eventsIn = (text: string) =>
  text
    .trim()
    .split("\n")
    .map((line) => EVENT.parse(JSON.parse(line)));
