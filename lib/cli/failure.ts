import { isLeaseError } from "../core/errors.ts";
import { EXIT } from "./exit-codes.ts";

/** What a command says when it cannot do what it was asked to: one line, with what to do about it. */
export class CommandFailure extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT.failed, options: ErrorOptions = {}) {
    super(message, options);
    this.name = "CommandFailure";
    this.exitCode = exitCode;
  }
}

/** A wrong command line: what is wrong with it, and what would be right. */
export function misused(message: string): CommandFailure {
  return new CommandFailure(message, EXIT.usage);
}

/** Writes an error as one line: its code, where it has one, and what happened. */
export function lineOf(error: unknown): string {
  const code = isLeaseError(error) ? `${error.code}: ` : "";
  const text = error instanceof Error ? error.message : String(error);
  return `${code}${text}`.replaceAll(/\s*\n\s*/g, " ");
}

/** The exit code that an error ends with. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommandFailure) return error.exitCode;
  return isLeaseError(error, "INVALID_ARGUMENT") ? EXIT.usage : EXIT.failed;
}
