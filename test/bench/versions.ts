import { readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";

const repo = join(import.meta.dirname, "../..");

/** What figures depend on and nobody sees in them. */
export interface Circumstances {
  readonly date: string;
  readonly machine: string;
  /** How many programs wanted to run at once, over the last fifteen minutes. */
  readonly load: number;
  readonly versions: Readonly<Record<string, string>>;
}

/** The engine, and what is measured beside this package. What is not installed is left out. */
const PACKAGES = [
  "@aws-sdk/client-dynamodb",
  `@dynoxide/${process.platform}-${process.arch}`,
  "dynamodb-lock-client",
  "@deliveryhero/dynamodb-lock",
  "redlock",
  "@sesamecare-oss/redlock",
  "etcd3",
];

/** On what, with what and when it is measured. */
export function circumstances(): Circumstances {
  const of = cpus();
  const packages = PACKAGES.flatMap((name) => {
    const version = versionOf(join("node_modules", name));
    return version === undefined ? [] : [[name, version] as const];
  });
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${of.length} cores of ${of[0]?.model.trim() || "an unnamed processor"}`,
    load: Math.round(loadavg()[2] ?? 0),
    versions: {
      leasehold: versionOf("") ?? "?",
      Node: process.versions.node,
      ...Object.fromEntries(packages),
    },
  };
}

function versionOf(folder: string): string | undefined {
  try {
    const manifest = readFileSync(join(repo, folder, "package.json"), "utf8");
    return (JSON.parse(manifest) as { version: string }).version;
  } catch {
    return undefined;
  }
}
