import { box, escaped, niceStep, text } from "../../../local/harness/svg.ts";
import type { History, Violation } from "../history.ts";
import { type Row, RowBook, type TermBar } from "./rows.ts";

const WIDTH = 1_400;
const LEFT = 150;
const RIGHT = 30;
const TOP = 92;
const ROW = 54;
const BAR = 18;

const COLOUR = {
  ink: "#1f2933",
  faint: "#7b8794",
  line: "#e4e7eb",
  pause: "#f0b429",
  freeze: "#7cc4fa",
  crash: "#ba2525",
  refused: "#ba2525",
  accepted: "#207227",
  hand: "#5d55fa",
  terms: ["#2186eb", "#0f8613", "#8719e0", "#c65d21", "#0c6b58", "#a30664"],
} as const;

/** Draws a history as an SVG: time across, a row per host, what each believed and suffered. */
export function drawingOf(history: History, violations: readonly Violation[]): string {
  const book = new RowBook();
  for (const event of history.events) book.note(event);
  const rows = book.close(history.endedAt);
  const height = TOP + rows.length * ROW + 110;
  const x = scaleOf(history.endedAt);
  const body = [
    ...axis(history, x, TOP + rows.length * ROW),
    ...rows.flatMap((row, index) => drawRow(row, TOP + index * ROW, x)),
    ...hands(history, x, TOP + rows.length * ROW),
    ...flags(violations, x, TOP + rows.length * ROW),
    ...legend(height - 26),
  ];
  const { timing, seed, scenario } = history;
  const title = `${scenario}, seed ${seed}`;
  const about =
    `terms of ${timing.durationMs / 1_000} s, grace ${timing.graceMs / 1_000} s, ` +
    `δ ${timing.serviceClockErrorMs} ms, ρ ${timing.clockDriftRatio}; ` +
    (violations.length === 0 ? "no violation" : `${violations.length} violations`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="Helvetica, Arial, sans-serif" font-size="12" fill="${COLOUR.ink}">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    text(LEFT, 30, title, `font-size="18" font-weight="bold"`),
    text(LEFT, 50, about, `fill="${COLOUR.faint}"`),
    ...body,
    "</svg>",
    "",
  ].join("\n");
}

function drawRow(
  { host, lives, pauses, terms, marks }: Row,
  top: number,
  x: (at: number) => number,
): string[] {
  const middle = top + ROW / 2;
  const out = [text(LEFT - 14, middle + 4, host, `text-anchor="end" font-weight="bold"`)];
  for (const { from, to } of lives) {
    out.push(
      `<line x1="${x(from)}" x2="${x(to)}" y1="${middle}" y2="${middle}" stroke="${COLOUR.faint}" stroke-width="1.5"/>`,
    );
  }
  for (const bar of terms) out.push(...drawTerm(bar, middle, x));
  for (const { from, to, how } of pauses) {
    const fill = how === "freeze" ? COLOUR.freeze : COLOUR.pause;
    out.push(
      box(x(from), middle - BAR / 2 - 5, Math.max(1, x(to) - x(from)), 4, fill, `<title>${how}</title>`),
    );
  }
  for (const { at, kind } of marks) out.push(drawMark(x(at), middle, kind));
  return out;
}

function drawTerm({ from, to, term, end }: TermBar, middle: number, x: (at: number) => number): string[] {
  const fill = COLOUR.terms[term.id % COLOUR.terms.length] ?? COLOUR.ink;
  const width = Math.max(1.5, x(to) - x(from));
  const title = `<title>${escaped(`${term.holder}, token ${term.token}: ${end}`)}</title>`;
  const out = [box(x(from), middle - BAR / 2, width, BAR, fill, title, `rx="2"`)];
  if (width > 24) out.push(text(x(from) + 4, middle + 4, `${term.id}`, `fill="white" font-size="11"`));
  return out;
}

function drawMark(at: number, middle: number, kind: Row["marks"][number]["kind"]): string {
  const y = middle + BAR / 2 + 7;
  switch (kind) {
    case "crash":
      return `<path d="M${at - 5} ${middle - 5} l10 10 m0 -10 l-10 10" stroke="${COLOUR.crash}" stroke-width="3"/>`;
    case "refused":
      return `<line x1="${at}" x2="${at}" y1="${y - 4}" y2="${y + 3}" stroke="${COLOUR.faint}" stroke-width="1"/>`;
    case "unknown":
      return `<circle cx="${at}" cy="${y}" r="2.5" fill="none" stroke="${COLOUR.pause}" stroke-width="1.5"/>`;
    case "fenced":
      return `<path d="M${at} ${y - 5} l5 9 h-10 z" fill="${COLOUR.refused}"/>`;
    default:
      return kind satisfies never;
  }
}

function axis(history: History, x: (at: number) => number, bottom: number): string[] {
  const out: string[] = [];
  const step = niceStep(history.endedAt / 14);
  for (let at = 0; at <= history.endedAt; at += step) {
    out.push(`<line x1="${x(at)}" x2="${x(at)}" y1="${TOP - 8}" y2="${bottom}" stroke="${COLOUR.line}"/>`);
    out.push(text(x(at), TOP - 14, `${at / 1_000} s`, `text-anchor="middle" fill="${COLOUR.faint}"`));
  }
  const stopped = history.events.find(({ kind }) => kind === "faults-stopped");
  if (stopped !== undefined) {
    out.push(
      `<line x1="${x(stopped.at)}" x2="${x(stopped.at)}" y1="${TOP - 8}" y2="${bottom}" stroke="${COLOUR.accepted}" stroke-dasharray="4 3"/>`,
    );
    out.push(
      text(x(stopped.at), bottom + 16, "faults stop", `text-anchor="middle" fill="${COLOUR.accepted}"`),
    );
  }
  return out;
}

function hands(history: History, x: (at: number) => number, bottom: number): string[] {
  let count = 0;
  return history.events.flatMap((event) =>
    event.kind === "row"
      ? [
          `<line x1="${x(event.at)}" x2="${x(event.at)}" y1="${TOP - 8}" y2="${bottom}" stroke="${COLOUR.hand}"/>`,
          text(
            x(event.at) + 3,
            bottom + 32 + 13 * (count++ % 3),
            event.by.replace("operator-", ""),
            `fill="${COLOUR.hand}" font-size="11"`,
          ),
        ]
      : [],
  );
}

/** The first violation that each checker found. */
function flags(violations: readonly Violation[], x: (at: number) => number, bottom: number): string[] {
  const first = new Map(violations.toReversed().map((violation) => [violation.by, violation]));
  return [...first.values()].flatMap(({ at, by, message }, index) => {
    const label = bottom + 17 + 15 * index;
    const anchor = x(at) < WIDTH / 2 ? "start" : "end";
    const beside = x(at) + (anchor === "start" ? 5 : -5);
    return [
      `<line x1="${x(at)}" x2="${x(at)}" y1="${TOP - 8}" y2="${label + 2}" stroke="${COLOUR.crash}" stroke-width="2"><title>${escaped(message)}</title></line>`,
      text(beside, label, by, `text-anchor="${anchor}" fill="${COLOUR.crash}" font-weight="bold"`),
    ];
  });
}

function legend(y: number): string[] {
  let at = LEFT;
  const entry = (draw: string, label: string): string => {
    const out = `<g transform="translate(${at} ${y - 4})">${draw}</g>${text(at + 28, y, label, `fill="${COLOUR.faint}"`)}`;
    at += 52 + label.length * 7;
    return out;
  };
  return [
    entry(box(0, -7, 20, 12, COLOUR.terms[0], "", `rx="2"`), "leads, as it says itself"),
    entry(box(0, -3, 20, 4, COLOUR.pause), "paused"),
    entry(box(0, -3, 20, 4, COLOUR.freeze), "frozen, monotonic clock and all"),
    entry(drawMark(10, 0, "crash"), "crash"),
    entry(`<g transform="translate(0 -16)">${drawMark(10, 0, "refused")}</g>`, "write refused"),
    entry(`<g transform="translate(0 -16)">${drawMark(10, 0, "unknown")}</g>`, "outcome unknown"),
    entry(`<g transform="translate(0 -16)">${drawMark(10, 0, "fenced")}</g>`, "stale write fenced off"),
  ];
}

const scaleOf = (length: number) => (at: number) =>
  Math.round((LEFT + (at / length) * (WIDTH - LEFT - RIGHT)) * 10) / 10;
