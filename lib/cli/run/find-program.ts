import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { EXIT } from "../exit-codes.ts";
import { CommandFailure } from "../failure.ts";

/**
 * Sees to it that there is such a program: whoever campaigns for a lease is to learn of a wrong name before it leads.
 * @throws {CommandFailure} 127 when there is none, 126 when it cannot be executed
 */
export function checkProgram(file: string, path: string = process.env["PATH"] ?? "/usr/bin:/bin"): void {
  const candidates = file.includes("/") ? [file] : path.split(delimiter).map((folder) => join(folder, file));
  const found = new Set(candidates.map(stateOf));
  if (found.has("executable")) return;
  if (found.has("there")) {
    throw new CommandFailure(
      `cannot run "${file}": it may not be executed; see to its mode`,
      EXIT.notExecutable,
    );
  }
  const message = `cannot run "${file}": there is no such program; give its path, or see to PATH`;
  throw new CommandFailure(message, EXIT.notFound);
}

function stateOf(path: string): "executable" | "there" | "missing" {
  try {
    const isFile = statSync(path).isFile();
    accessSync(path, constants.X_OK);
    return isFile ? "executable" : "there";
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" || code === "ENOTDIR" ? "missing" : "there";
  }
}
