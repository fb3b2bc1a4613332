import type { Command, Option } from "commander";

/** A word that can be completed, and what it means. */
export interface Word {
  readonly word: string;
  readonly means: string;
}

/** What can follow on a command line after a command. */
export interface Place {
  /** The command with those that it belongs to: `leasehold`, `leasehold get`. */
  readonly path: string;
  /** The commands below it, and the values that its arguments are limited to. */
  readonly words: readonly Word[];
  readonly options: readonly Word[];
}

/** Everything that can be completed. */
export interface Words {
  readonly places: readonly Place[];
  /** The options that take a value: the word after one of them is no command. */
  readonly taking: readonly string[];
}

/** Reads from commander's own data what can be completed, so that no command can be forgotten. */
export function wordsOf(program: Command): Words {
  const places: Place[] = [];
  const taking = new Set<string>();
  const visit = (command: Command, path: string): void => {
    const help = command.createHelp();
    const below = help.visibleCommands(command);
    const options = [...help.visibleOptions(command), ...globalsOf(command)];
    for (const option of options) if (option.required) for (const flag of flagsOf(option)) taking.add(flag);
    places.push({
      path,
      words: [
        ...below.map((one) => ({ word: one.name(), means: help.subcommandDescription(one) })),
        ...command.registeredArguments.flatMap(({ argChoices = [] }) =>
          argChoices.map((word) => ({ word, means: "" })),
        ),
      ],
      options: options.flatMap((option) =>
        flagsOf(option).map((word) => ({ word, means: help.optionDescription(option) })),
      ),
    });
    for (const one of below) visit(one, `${path} ${one.name()}`);
  };
  visit(program, program.name());
  return { places, taking: [...taking].sort() };
}

/** What every command takes: commander lists it since the help shows it (`showGlobalOptions`). */
function globalsOf(command: Command): Option[] {
  return command.createHelp().visibleGlobalOptions(command);
}

function flagsOf({ long, short }: Option): string[] {
  return [long, short].filter((flag) => flag != null);
}
