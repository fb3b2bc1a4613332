import { InvalidArgumentError, Option } from "commander";
import { wholeNumber } from "../../local/harness/command.ts";
import { SCENARIOS } from "./scenarios.ts";

/** `--seed`: any whole number. An exploration's are larger than other programs': it begins with the time of day. */
export function seedOption(what: string): Option {
  return new Option("--seed <number>", what).argParser(wholeNumber(0, Number.MAX_SAFE_INTEGER));
}

/** `--scenario`: a world that there is. */
export function scenarioOption(what: string): Option {
  return new Option("--scenario <name>", what).choices(Object.keys(SCENARIOS));
}

/** An option that counts something, from 1. */
export function countOption(flags: string, what: string): Option {
  return new Option(flags, what).argParser(wholeNumber(1, Number.MAX_SAFE_INTEGER));
}

/** `--minutes`: how long, also a part of one. */
export function minutesOption(what: string): Option {
  return new Option("--minutes <number>", what).argParser((text) => {
    const minutes = Number(text);
    if (/^\d+(\.\d+)?$/.test(text) && minutes > 0) return minutes;
    throw new InvalidArgumentError("It must be a number above 0.");
  });
}
