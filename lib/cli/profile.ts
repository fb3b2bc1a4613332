import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { misused } from "./failure.ts";

/**
 * Refuses a `--profile` that no configuration file of AWS has: the SDK would look for credentials elsewhere, and find those of another
 * role, or say only that there are none.
 */
export async function assertProfile(profile: string): Promise<void> {
  if (profile === "default") return; // It need not be written down.
  const { AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE } = process.env;
  const files = [
    AWS_CONFIG_FILE || join(homedir(), ".aws/config"),
    AWS_SHARED_CREDENTIALS_FILE || join(homedir(), ".aws/credentials"),
  ];
  for (const file of files) {
    const text = await readFile(file, "utf8").catch(() => "");
    if (profilesIn(text).includes(profile)) return;
  }
  throw misused(`profile "${profile}" is neither in ${files.join(" nor in ")}; give another --profile`);
}

/** The profiles of a configuration file, which writes `[profile name]`, or of a credentials file, which writes `[name]`. */
function profilesIn(text: string): string[] {
  const sections = text.matchAll(/^[^\S\n]*\[\s*(?:profile\s+)?(["']?)([^\]\n]*?)\1\s*\]/gm);
  return Array.from(sections, ([, , name = ""]) => name);
}
