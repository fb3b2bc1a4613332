/**
 * How a command ends. `run` besides ends as the command does that it ran. The first three are what every shell program says; 75
 * is what `sysexits.h` calls a temporary failure; 125 is what `timeout` and `env` say of themselves; 141 is how a shell tells of a
 * program that SIGPIPE has ended. The table of docs/guides/cli.md has them all.
 */
export const EXIT = {
  /** It was done. */
  done: 0,
  /** It was not done; one line on standard error says why. */
  failed: 1,
  /** The command line is wrong; nothing was sent. */
  usage: 2,
  /** `step-down`: it was asked for, and the leader still leads after `--wait`. */
  notYet: 3,
  /** `run`: someone else leads, or has done the occurrence, so the command was not run. */
  followed: 75,
  /** `run`: leadership was lost while the command ran, and the command was ended. */
  lost: 76,
  /** `run`: leasehold itself failed, or was called wrongly. */
  notRun: 125,
  /** `run`: the command cannot be executed. */
  notExecutable: 126,
  /** `run`: there is no such command. */
  notFound: 127,
  /** Whoever read standard output has stopped reading. */
  closedPipe: 141,
} as const;
