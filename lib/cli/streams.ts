import { EXIT } from "./exit-codes.ts";

/**
 * Has standard output end this program as it ends others: nobody reads it any more, so there is nobody to tell. Node ignores SIGPIPE and
 * reports a failed write instead. Here that counts as the signal: who listens to `SIGPIPE` ends in its own way, else the process ends at
 * once, without a word. Any other failure to write, such as a full disk, is told of.
 *
 * What cannot be said on standard error is not said; the work goes on.
 */
export function guardStreams(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") {
      process.stderr.write(`leasehold: cannot write to standard output: ${error.message}\n`);
      process.exit(EXIT.failed);
    }
    if (!process.emit("SIGPIPE", "SIGPIPE")) process.exit(EXIT.closedPipe);
  });
  process.stderr.on("error", () => {});
}
