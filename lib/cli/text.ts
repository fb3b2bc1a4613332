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

/**
 * Writes a text as one word for a shell, to be copied from what is shown: whatever is in it, the shell takes it for that text. Where a
 * terminal would obey it, it is spelt out as bash, zsh and ksh read it.
 */
export function shellWord(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  if (printable(text) === text) return `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const spelling = text
    .replaceAll(/[\\']/g, String.raw`\$&`)
    .replaceAll(UNPRINTABLE, (character) =>
      [...Buffer.from(character)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join(""),
    );
  return `$'${spelling}'`;
}

/** Writes a command about one lease, to be copied to a shell. */
export function commandAbout(command: string, name: string, ...options: string[]): string {
  const word = shellWord(name);
  const words = name.startsWith("-") ? [...options, "--", word] : [word, ...options];
  return ["leasehold", command, ...words].join(" ");
}

/** How people are told of a lease, or of a shard: `writer`, `orders shard 7`. */
export function calledOf({
  name,
  shard,
}: {
  readonly name: string;
  readonly shard?: string | undefined;
}): string {
  return shard === undefined ? printable(name) : `${printable(name)} shard ${printable(shard)}`;
}

/** Writes how many there are of something: `1 lease`, `2 leases`. */
export function howMany(number: number, of: string): string {
  return `${number} ${of}${number === 1 ? "" : "s"}`;
}

/** Writes a value as JSON on one line that is safe to show as well: it reads back as the same value. */
export function safeJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(UNPRINTABLE, (character) =>
    [...Array(character.length).keys()].map((at) => unit(character.charCodeAt(at))).join(""),
  );
}

const unit = (code: number): string => `\\u${code.toString(16).padStart(4, "0")}`;
