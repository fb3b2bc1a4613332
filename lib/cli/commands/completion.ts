import { Argument, type Command } from "commander";
import { runs, withExamples } from "../command.ts";
import { scriptFor, type Shell, SHELLS } from "../completion-scripts.ts";
import { wordsOf } from "../completion-words.ts";

/** What `completion --json` prints. */
export interface CompletionJson {
  readonly shell: Shell;
  readonly script: string;
}

/** `leasehold completion SHELL`: a script for the shell. */
export function addCompletion(program: Command): void {
  const completion = program
    .command("completion")
    .description("print a script that completes command lines in a shell")
    .addArgument(new Argument("<shell>", "the shell").choices(SHELLS))
    .action(
      runs(async ({ output }, shell: Shell) => {
        const script = scriptFor(shell, wordsOf(program));
        if (output.json) output.printJson({ shell, script } satisfies CompletionJson);
        else process.stdout.write(script);
      }),
    );
  completion.addHelpText(
    "after",
    "\nCommands and options are completed. Names of leases are not: that would read the table at every press of the key.",
  );
  withExamples(completion, [
    'eval "$(leasehold completion bash)"    # in ~/.bashrc',
    'eval "$(leasehold completion zsh)"     # in ~/.zshrc, after compinit',
    "leasehold completion fish > ~/.config/fish/completions/leasehold.fish",
  ]);
}
