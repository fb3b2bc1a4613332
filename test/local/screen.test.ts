import { Writable } from "node:stream";
import { afterEach, describe, expect, it, vi } from "vitest";
import { makeScreen } from "../../local/harness/screen.ts";

afterEach(() => vi.unstubAllEnvs());

/** What is written where a run is told of, as on a terminal or elsewhere. */
function written(terminal: object): string {
  let text = "";
  const stream = new Writable({
    write: (chunk, _, done) => {
      text += String(chunk);
      done();
    },
  });
  const screen = makeScreen(Object.assign(stream, terminal) as unknown as NodeJS.WriteStream);
  screen.progress("waits ...");
  screen.line(screen.colors.red("over"));
  return text;
}

describe("a screen", () => {
  const terminal = { isTTY: true, columns: 80 };

  it("shows on a terminal what is going on, in colours unless NO_COLOR says otherwise", () => {
    vi.stubEnv("TERM", "xterm");
    vi.stubEnv("NO_COLOR", "");
    expect(written(terminal)).toBe("\r\u001b[2Kwaits ...\r\u001b[2K\u001b[31mover\u001b[39m\n");
    vi.stubEnv("NO_COLOR", "1");
    expect(written(terminal)).toBe("\r\u001b[2Kwaits ...\r\u001b[2Kover\n");
  });

  it("writes no sequences to a terminal that is dumb, nor to what is none, whatever CI says", () => {
    vi.stubEnv("NO_COLOR", "");
    for (const name of ["CI", "FORCE_COLOR"]) vi.stubEnv(name, "1");
    vi.stubEnv("TERM", "xterm");
    expect(written({})).toBe("over\n");
    vi.stubEnv("TERM", "dumb");
    expect(written(terminal)).toBe("over\n");
  });
});
