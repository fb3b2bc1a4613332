import { join } from "node:path";
import type { Finding } from "../../local/harness/command.ts";
import type { Screen } from "../../local/harness/screen.ts";
import { cellOf, isReached } from "./figures.ts";
import type { Options } from "./options.ts";
import type { Part, Section } from "./part.ts";
import { PARTS } from "./parts.ts";
import { type Measured, writePage } from "./report.ts";
import { circumstances } from "./versions.ts";

/** Runs the parts that were asked for, one after the other, and writes the page. */
export async function measure(
  options: Options,
  screen: Screen,
  signal: AbortSignal,
  parts: readonly Part[] = PARTS,
): Promise<Finding> {
  const { only, smoke, out } = options;
  const order = parts.map(({ name }) => name);
  const measured: Measured[] = [];
  for (const part of parts.filter(({ name }) => only?.includes(name) ?? true)) {
    signal.throwIfAborted();
    screen.progress(part.name);
    const progress = (text: string): void => screen.progress(`${part.name}: ${text}`);
    const sections = await part.run({ smoke, signal, progress });
    signal.throwIfAborted();
    measured.push({ part: part.name, sections });
    // Written after each part: what is interrupted keeps what was measured.
    if (!smoke) await writePage(out, measured, order);
  }
  const sections = measured.flatMap((one) => one.sections);
  const ok = smoke || sections.every(({ targets }) => targets.every(isReached));
  return {
    summary: { ok, ...circumstances(), smoke, measured } as Finding["summary"],
    lines: [
      ...sections.flatMap((section) => linesOf(section, screen)),
      smoke
        ? "A smoke run: no figure is worth reading."
        : `All figures are in ${join(out, "performance.md")}.`,
    ],
  };
}

function linesOf({ title, targets }: Section, { colors }: Screen): string[] {
  return [
    colors.bold(title),
    ...targets.map((target) => {
      const verdict = isReached(target) ? colors.green("reached") : colors.red("MISSED");
      return `  ${verdict} ${target.what}: ${cellOf(target.measured)}, at most ${cellOf(target.atMost)}`;
    }),
  ];
}
