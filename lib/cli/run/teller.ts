import { lineOf } from "../failure.ts";
import type { Output } from "../output.ts";
import { printable, safeJson } from "../text.ts";

/** What `run` tells of itself on standard error, by its `event`. */
export type RunEvent =
  | { readonly event: "waits"; readonly leader: string }
  | { readonly event: "leads"; readonly holder: string; readonly token: number }
  | { readonly event: "followed"; readonly reason: string; readonly leader: string | null }
  | { readonly event: "handover"; readonly to: string | null }
  | { readonly event: "lost"; readonly reason: string }
  | { readonly event: "trouble"; readonly cause: string }
  | { readonly event: "ended"; readonly code: number }
  /** leasehold itself has failed; it exits with the code. */
  | { readonly event: "failed"; readonly cause: string; readonly code: number };

/** Tells what happens to one lease: a line for people, or JSON for programs. Standard output is the command's own. */
export class Teller {
  readonly #output: Output;
  readonly #lease: string;
  readonly #quiet: boolean;

  constructor(output: Output, lease: string, quiet: boolean) {
    this.#output = output;
    this.#lease = lease;
    this.#quiet = quiet;
  }

  /** Tells what goes as it should; nothing where nobody wants to hear it. */
  tell(event: RunEvent, words: string): void {
    if (!this.#quiet) this.warn(event, words);
  }

  /** Tells of trouble after which `run` tries again by itself: nobody else has to. The line begins with the lease's name, once. */
  retries(error: unknown): void {
    const cause = lineOf(error);
    const words = cause.replace(/: lease "[^"]*":? (in )?/, ": ").replace(/[,;] try again/, "");
    this.warn({ event: "trouble", cause }, `${words}; tries again`);
  }

  /** Tells what somebody has to know. */
  warn(event: RunEvent, words: string): void {
    const { event: name, ...facts } = event;
    const told = { event: name, lease: this.#lease, at: new Date().toISOString(), ...facts };
    this.#output.say(
      this.#output.json ? safeJson(told) : printable(`leasehold: lease "${this.#lease}": ${words}`),
    );
  }
}
