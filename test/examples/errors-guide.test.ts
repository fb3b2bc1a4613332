import { expect, it } from "vitest";
import type { LeaseErrorCode } from "../../lib/core/errors.ts";
import { read, rowsOf } from "../support/pages.ts";

/** The compiler holds these to the codes that there are. */
const CODES: Readonly<Record<LeaseErrorCode, true>> = {
  INVALID_ARGUMENT: true,
  LEASE_LOST: true,
  ACQUIRE_TIMEOUT: true,
  ABORTED: true,
  STORE_UNAVAILABLE: true,
  TABLE_NOT_FOUND: true,
  TABLE_MISCONFIGURED: true,
  RECORD_INVALID: true,
  ACCESS_DENIED: true,
  CREDENTIALS_UNAVAILABLE: true,
  HANDED_OVER: true,
  FENCED: true,
  NOT_LEADING: true,
  CLIENT_CLOSED: true,
};

it.each(["the guide on errors", "the docstring of the codes"])(
  "%s has a row for each code, which says what to do",
  (page) => {
    const rows =
      page === "the guide on errors"
        ? rowsOf("docs/guides/errors.md", /^`[A-Z_]+`$/)
        : [...read("lib/core/errors.ts").matchAll(/^ \* \| (`[A-Z_]+` .*) \|$/gm)].map(([, row = ""]) =>
            row.split(" | "),
          );
    expect(rows.map(([code]) => code)).toEqual(Object.keys(CODES).map((code) => `\`${code}\``));
    for (const [code, happened = "", todo = ""] of rows) {
      expect(happened.length, code).toBeGreaterThan(10);
      expect(todo.length, code).toBeGreaterThan(5);
    }
  },
);
