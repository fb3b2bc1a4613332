import { createInterface } from "node:readline";

/** Whether there is a person to ask: a terminal to read from, and one to ask on. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/**
 * Asks a question on standard error, and resolves with whether the answer was yes. Anything but `y` and `yes` is a no, and so are the
 * end of the input and Ctrl-C.
 */
export async function confirmed(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await new Promise<boolean>((resolve) => {
      // Both leave the line unfinished.
      lines.once("close", () => {
        process.stderr.write("\n");
        resolve(false);
      });
      lines.once("SIGINT", () => lines.close());
      lines.question(question, (answer) => resolve(/^y(es)?$/i.test(answer.trim())));
    });
  } finally {
    lines.removeAllListeners("close").close();
  }
}
