import { isLeaseError, type LeaseErrorCode } from "../core/errors.ts";
import { EXIT } from "./exit-codes.ts";
import { printable } from "./text.ts";

/** What a command says when it cannot do what it was asked to: one line, with what to do about it. */
export class CommandFailure extends Error {
  readonly exitCode: number;
  /** Whether the command has said so itself, in its own way. */
  readonly isTold: boolean;

  constructor(
    message: string,
    exitCode: number = EXIT.failed,
    { isTold = false, ...options }: ErrorOptions & { readonly isTold?: boolean } = {},
  ) {
    super(message, options);
    this.name = "CommandFailure";
    this.exitCode = exitCode;
    this.isTold = isTold;
  }
}

/** A wrong command line: what is wrong with it, and what would be right. */
export function misused(message: string, options: ErrorOptions = {}): CommandFailure {
  return new CommandFailure(message, EXIT.usage, options);
}

/** What the library calls by the names of its options, and which options of the command line it is about. */
const HINTS: Partial<Record<LeaseErrorCode, string>> = {
  TABLE_NOT_FOUND: "--table, --region, --profile and --endpoint say where to look",
  CREDENTIALS_UNAVAILABLE: "sign in, set the AWS_ variables, or give --profile",
};

/** Writes an error as one line: its code, where it has one, what happened, and what to do. */
export function lineOf(error: unknown): string {
  const code = isLeaseError(error) ? error.code : undefined;
  const hint = code === undefined ? undefined : HINTS[code];
  const text = error instanceof Error ? error.message : String(error);
  const parts = [code, text].filter((part) => part !== undefined).join(": ");
  return printable(parts.replaceAll(/\s*\n\s*/g, " ")) + (hint === undefined ? "" : ` (${hint})`);
}

/** The exit code that an error ends with. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommandFailure) return error.exitCode;
  return isLeaseError(error, "INVALID_ARGUMENT") ? EXIT.usage : EXIT.failed;
}
