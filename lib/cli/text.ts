/**
 * What a terminal obeys instead of showing: control characters, marks of direction and others without a shape, halves of characters,
 * and separators of lines. Names of leases and ids of holders may have any of them.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Makes a text from the table safe to show on one line: what a terminal would obey is spelt out, such as `\x1b`. */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, (character) => SHORT[character] ?? spelt(character));
}

function spelt(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return code.length <= 2 ? `\\x${code.padStart(2, "0")}` : `\\u{${code}}`;
}

/** Writes a value as JSON on one line that is safe to show as well: it reads back as the same value. */
export function safeJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(UNPRINTABLE, (character) =>
    [...Array(character.length).keys()].map((at) => unit(character.charCodeAt(at))).join(""),
  );
}

const unit = (code: number): string => `\\u${code.toString(16).padStart(4, "0")}`;
