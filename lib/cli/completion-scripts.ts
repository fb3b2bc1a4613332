import type { Place, Words } from "./completion-words.ts";

/** A shell that a script can be made for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** One of {@link SHELLS}. */
export type Shell = (typeof SHELLS)[number];

/** Writes the script that completes command lines in a shell. It starts nothing and asks nobody: all words are in it. */
export function scriptFor(shell: Shell, words: Words): string {
  switch (shell) {
    case "bash":
      return bash(words);
    case "zsh":
      return zsh(words);
    case "fish":
      return fish(words);
    default:
      return shell satisfies never;
  }
}

/** Quotes a text for a shell's single quotes; fish has another rule. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
const fishQuoted = (text: string): string => `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;

/** The paths below the first, each of which a word has to be matched with. */
const pathsOf = (places: readonly Place[], quote: (text: string) => string, between: string): string =>
  places
    .slice(1)
    .map(({ path }) => quote(path))
    .join(between);

function bash({ places, taking }: Words): string {
  const cases = places.map(({ path, words, options }) => {
    const all = [...words, ...options].map(({ word }) => word).join(" ");
    return `    ${quoted(path)}) words=${quoted(all)} ;;`;
  });
  return `# bash completion for leasehold: eval "$(leasehold completion bash)"
_leasehold() {
  local at=leasehold word words='' value='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ -n $value ]]; then value=''; continue; fi
    case $word in
      --) return ;;
      ${taking.join("|")}) value=1 ;;
      -*) ;;
      *) case "$at $word" in ${pathsOf(places, quoted, "|")}) at="$at $word" ;; esac ;;
    esac
  done
  if [[ -n $value ]]; then return; fi
  case $at in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _leasehold leasehold
`;
}

function zsh({ places, taking }: Words): string {
  const described = (words: Place["words"]): string =>
    words
      .map(({ word, means }) => [word.replaceAll(":", String.raw`\:`), means])
      .map(([word, means]) => quoted(means === "" ? `${word}` : `${word}:${means}`))
      .join(" ");
  const cases = places.map(
    ({ path, words, options }) =>
      `    (${quoted(path)}) found=(${described(words)}); options=(${described(options)}) ;;`,
  );
  return `#compdef leasehold
# zsh completion for leasehold: eval "$(leasehold completion zsh)", or this file as _leasehold in a folder of $fpath
_leasehold() {
  local at=leasehold word value=''
  local -a found options
  local -i i
  for ((i = 2; i < CURRENT; i++)); do
    word=$words[i]
    if [[ -n $value ]]; then value=''; continue; fi
    case $word in
      (--) _files; return ;;
      (${taking.join("|")}) value=1 ;;
      (-*) ;;
      (*) case "$at $word" in (${pathsOf(places, quoted, "|")}) at="$at $word" ;; esac ;;
    esac
  done
  if [[ -n $value ]]; then _files; return; fi
  case $at in
${cases.join("\n")}
  esac
  if (( $#found )); then _describe -t commands command found; fi
  if [[ $PREFIX == -* ]]; then _describe -o -t options option options; fi
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _leasehold "$@"; else compdef _leasehold leasehold; fi
`;
}

function fish({ places, taking }: Words): string {
  const takes = new Set(taking);
  const lines = places.flatMap(({ path, words, options }) => {
    const where = `complete -c leasehold -n ${fishQuoted(`__leasehold_at ${fishQuoted(path)}`)}`;
    return [
      ...words.map(({ word, means }) => `${where} -f -a ${fishQuoted(word)} -d ${fishQuoted(means)}`),
      ...options.map(({ word, means }) => {
        const flag = word.startsWith("--") ? `-l ${word.slice(2)}` : `-s ${word.slice(1)}`;
        return `${where} ${flag}${takes.has(word) ? " -r" : ""} -d ${fishQuoted(means)}`;
      }),
    ];
  });
  return `# fish completion for leasehold: leasehold completion fish | source
function __leasehold_at
  set -l at leasehold
  set -l value ''
  for word in (commandline -opc)[2..-1]
    if test -n "$value"
      set value ''
      continue
    end
    switch $word
      case --
        return 1
      case ${taking.join(" ")}
        set value 1
      case '-*'
      case '*'
        if contains -- "$at $word" ${pathsOf(places, fishQuoted, " ")}
          set at "$at $word"
        end
    end
  end
  test "$at" = "$argv[1]"
end
${lines.join("\n")}
`;
}
