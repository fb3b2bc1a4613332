import { fileURLToPath } from "node:url";
import { LOCAL_AWS } from "../../../local/engine.ts";
import { runFresh } from "./importing.ts";

/** What a process acquires, and with what. */
export interface Acquiring {
  /** The SDK's bundle. */
  readonly sdk: string;
  /** The library's; none for the bare writes. */
  readonly ours?: string | undefined;
  readonly endpoint: string;
  readonly table: string;
  readonly name: string;
  /** How many times again after the first. */
  readonly warm: number;
}

/** How long cycles of acquire and release took, in ms, and how many requests they sent. */
export interface Acquired {
  readonly firstMs: number;
  readonly warmMs: readonly number[];
  readonly requests: number;
  readonly warmRequests: number;
}

const program = fileURLToPath(new URL("acquiring-process.ts", import.meta.url));

/** Acquires and releases in a fresh process. */
export function acquireFresh(acquiring: Acquiring): Promise<Acquired> {
  const { accessKeyId, secretAccessKey } = LOCAL_AWS.credentials;
  return runFresh<Acquired>(program, acquiring, [], {
    AWS_REGION: LOCAL_AWS.region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  });
}
