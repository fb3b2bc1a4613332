import picocolors from "picocolors";
import type { Colors } from "./play/account.ts";

/** Where the account is told: lines that stay and, on a terminal, one that changes. */
export interface Screen {
  readonly colors: Colors;
  line(text: string): void;
  /** Shows what is going on until the next line. On a terminal only. */
  progress(text: string): void;
}

/** Makes a screen of a stream. Colours and the progress line are for terminals. */
export function makeScreen(stream: NodeJS.WriteStream): Screen {
  // Not a terminal: the property is missing, whatever its type says, and a default would take its place.
  const terminal = "isTTY" in stream && stream.isTTY;
  const erase = terminal ? "\r\x1b[2K" : "";
  let shown = "";
  return {
    colors: picocolors.createColors(terminal && picocolors.isColorSupported),
    line: (text) => {
      shown = "";
      stream.write(`${erase}${text}\n`);
    },
    progress: (text) => {
      if (!terminal || text === shown) return;
      shown = text;
      stream.write(`${erase}${text.slice(0, (stream.columns || 80) - 1)}`);
    },
  };
}
