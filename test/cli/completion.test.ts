import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { scriptFor } from "../../lib/cli/completion-scripts.ts";
import { wordsOf } from "../../lib/cli/completion-words.ts";
import { makeProgram } from "../../lib/cli/program.ts";
import { cliCommand, cliEnvironment, runCli } from "../support/cli.ts";
import { jsonOf } from "../support/cli-shapes.ts";

const missing = (shell: string): string | undefined =>
  spawnSync(shell, ["--version"]).error === undefined ? undefined : `${shell} is not installed here`;

/** What bash offers at the end of a command line. */
function offered(script: string, ...line: string[]): string[] {
  const ask = `${script}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _leasehold; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync("bash", ["-c", ask, "bash", ...line], { encoding: "utf8" });
  expect(stderr).toBe("");
  return stdout.trim().split("\n");
}

describe("leasehold completion", () => {
  it("prints a script, of a shell that there is", async () => {
    const [script, json, csh] = await Promise.all([
      runCli({}, "completion", "bash"),
      runCli({}, "completion", "fish", "--json"),
      runCli({}, "completion", "csh"),
    ]);
    expect(script).toMatchObject({ code: 0, stderr: "", stdout: scriptFor("bash", wordsOf(makeProgram())) });
    expect(jsonOf("completion", json.stdout).script).toContain("complete -c leasehold");
    expect(csh).toMatchObject({ code: 2, stdout: "" });
    expect(csh.stderr).toContain("bash, zsh, fish");
  });

  it("knows every command and option that there is, from commander's own data", () => {
    const { places, taking } = wordsOf(makeProgram());
    const [root] = places;
    const names = makeProgram().commands.map((command) => command.name());
    expect(root?.words.map(({ word }) => word)).toEqual([...names, "help"]);
    for (const name of names) {
      const place = places.find(({ path }) => path === `leasehold ${name}`);
      expect(place?.options.map(({ word }) => word)).toEqual(
        expect.arrayContaining(["--help", "--json", "--table"]),
      );
    }
    expect(taking).toEqual(expect.arrayContaining(["--table", "--to", "--wait", "--interval", "--set"]));
    expect(taking).not.toContain("--json");
  });

  it.skipIf(missing("bash"))("completes in bash", () => {
    const script = scriptFor("bash", wordsOf(makeProgram()));
    expect(offered(script, "leasehold", "ca")).toEqual(["candidates"]);
    expect(offered(script, "leasehold", "--table", "get", "wat")).toEqual(["watch"]);
    expect(offered(script, "leasehold", "--json", "step-down", "writer", "--t")).toEqual(["--to", "--table"]);
    expect(offered(script, "leasehold", "completion", "z")).toEqual(["zsh"]);
    // What comes after an option that takes a value, and another program's command line, are file names.
    expect(offered(script, "leasehold", "get", "--profile", "")).toEqual([""]);
    expect(offered(script, "leasehold", "run", "writer", "--", "l")).toEqual([""]);
  });

  it.for(["zsh", "fish"] as const)("is a script that %s can read", (shell, { skip }) => {
    const why = missing(shell);
    if (why !== undefined) skip(why);
    const { status, stderr } = spawnSync(shell, ["-n"], {
      input: scriptFor(shell, wordsOf(makeProgram())),
      encoding: "utf8",
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  it("ends as SIGPIPE ends a program when nobody reads what it prints, and tells of any other failure to write", () => {
    const [file, args] = cliCommand("completion", "bash");
    const run = (line: string) =>
      spawnSync("bash", ["-c", line, file, ...args], { env: cliEnvironment({}), encoding: "utf8" });
    expect(run(`"$0" "$@" | true; echo "\${PIPESTATUS[0]}"`)).toMatchObject({ stdout: "141\n", stderr: "" });
    const full = run(`"$0" "$@" > /dev/full`);
    expect(full.status).toBe(1);
    expect(full.stderr).toMatch(/^leasehold: cannot write to standard output: ENOSPC[^\n]+\n$/);
    expect(run(`"$0" "$@" >&-`)).toMatchObject({ status: 0, stderr: "" });
  });
});
