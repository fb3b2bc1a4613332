import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { EXIT } from "../../lib/cli/exit-codes.ts";
import { makeProgram } from "../../lib/cli/program.ts";
import { SHAPES } from "../support/cli-shapes.ts";
import { read, rowsOf } from "../support/pages.ts";

const page = "docs/guides/cli.md";
const sections = new Map(
  read(page)
    .split(/^## /m)
    .map((text) => [text.slice(0, text.indexOf("\n")), text]),
);
/** What the first cells of a section's tables name in backticks. */
const namedIn = (section: string): string[] =>
  [...(sections.get(section) ?? "").matchAll(/^\| `([\w-]+)[^`]*` \|/gm)].map(([, name = ""]) => name);

/** The fields of a shape, those of its elements or of all its alternatives. */
function fieldsOf(shape: z.ZodType): string[] {
  const { def } = shape as unknown as {
    def: { type: string; element?: z.ZodType; options?: z.ZodType[]; shape?: object };
  };
  if (def.element !== undefined) return fieldsOf(def.element);
  if (def.options !== undefined) return [...new Set(def.options.flatMap(fieldsOf))];
  return Object.keys(def.shape ?? {});
}

describe("the guide to the command line", () => {
  const commands = makeProgram().commands.filter((command) => command.name() in SHAPES);

  it("has a section for each command, and one for those that another page tells of", () => {
    const headings = [...sections.keys()];
    for (const name of makeProgram().commands.map((command) => command.name())) {
      expect(
        headings.some((heading) => heading === name || heading.startsWith(`${name} `)),
        name,
      ).toBe(true);
    }
    expect(headings).toEqual(expect.arrayContaining(["run", "doctor", "table create"]));
  });

  it.each(commands.map((command) => [command.name(), command] as const))(
    "names every option of %s",
    (name, command) => {
      for (const { long } of command.options) expect(sections.get(name)).toContain(`\`${long}`);
    },
  );

  it.each(Object.entries(SHAPES).filter(([name]) => name !== "get"))(
    "has every field of %s --json, and no other",
    (name, shape) => {
      const fields = namedIn(name).filter((field) => !field.startsWith("--"));
      expect(fields.sort()).toEqual(fieldsOf(shape).sort());
    },
  );

  it("has every exit code", () => {
    const codes = rowsOf(page, /^\d+$/).map(([code]) => Number(code));
    expect(codes).toEqual(Object.values(EXIT).sort((a, b) => a - b));
  });
});
