import { z } from "zod";

/** The shape of `doctor --json`, as docs/guides/cli-doctor.md has it. */
export const REPORT = z.strictObject({
  table: z.string(),
  faults: z.int().min(0),
  warnings: z.int().min(0),
  findings: z.array(
    z.strictObject({
      check: z.string(),
      level: z.enum(["ok", "note", "warning", "fault"]),
      lease: z.string().nullable(),
      says: z.string().regex(/^[^\n]+$/),
      fix: z.string().nullable(),
    }),
  ),
});
