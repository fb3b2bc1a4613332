/**
 * One Lambda execution environment: loads the bundled handler, then runs it once for each message. Arguments:
 * the code's folder and the handler (`file.export`).
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type EnvironmentMessage, handlerError, type InvokeMessage } from "./messages.ts";

type Handler = (event: unknown, context: object) => unknown;

const [codeFolder = "", handlerName = ""] = process.argv.slice(2);

// The runner is gone. While stopped, a process cannot see this: then the reaper ends it.
process.on("disconnect", () => process.exit(1));

const handler = await loadHandler();
process.on("message", (message: InvokeMessage) => void invoke(message));
tell({ kind: "ready" });

async function loadHandler(): Promise<Handler> {
  const dot = handlerName.lastIndexOf(".");
  const base = join(codeFolder, handlerName.slice(0, dot));
  const file = [".mjs", ".js", ".cjs"].map((extension) => base + extension).find((path) => existsSync(path));
  if (file === undefined) throw new Error(`no file for handler ${handlerName} in ${codeFolder}`);
  const module: Record<string, unknown> = await import(pathToFileURL(file).href);
  const exported = module[handlerName.slice(dot + 1)];
  if (typeof exported === "function")
    return (event, context) => Reflect.apply(exported, undefined, [event, context]);
  throw new Error(`${file} exports no function ${handlerName.slice(dot + 1)}`);
}

async function invoke({ event, context, deadline }: InvokeMessage): Promise<void> {
  try {
    const getRemainingTimeInMillis = (): number => Math.max(0, deadline - Date.now());
    const value = await handler(event, { ...context, getRemainingTimeInMillis });
    tell({ kind: "returned", value });
  } catch (error) {
    tell({ kind: "threw", error: handlerError(error) });
  }
}

function tell(message: EnvironmentMessage): void {
  process.send?.(message);
}
