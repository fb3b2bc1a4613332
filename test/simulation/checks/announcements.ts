import type { Checker, HistoryEvent, Violation } from "../history.ts";

/**
 * A candidate's listeners hear of its terms in pairs and in order: elected, lost, elected; of tokens that rise; and
 * nobody who stands leads unannounced, or has ended without `onLost` having been told by then.
 */
export const announcements: Checker = ({ events }) => {
  const violations: Violation[] = [];
  const leading = new Map<number, number>();
  const lastToken = new Map<number, number>();
  const candidates = new Map<string, number>();
  const tokens = new Map<string, number>();
  const found = (event: HistoryEvent, message: string): void => {
    violations.push({ by: "announcements", at: event.at, message });
  };
  for (const event of events) {
    if (event.kind === "elected") {
      const { process, candidate, token } = event;
      if (leading.has(candidate)) found(event, `${process} was elected twice in a row`);
      if (token <= (lastToken.get(candidate) ?? 0)) found(event, `${process} was elected with an old token`);
      leading.set(candidate, token);
      lastToken.set(candidate, token);
      candidates.set(process, candidate);
      tokens.set(process, token);
    }
    if (event.kind === "lost") {
      if (!leading.delete(event.candidate)) found(event, `${event.process} lost what it was not elected to`);
    }
    if (event.kind !== "began" && event.kind !== "ended") continue;
    const { process, token, tenure } = event.term;
    if (!tenure.stands) continue;
    if (event.kind === "began" && tokens.get(process) !== token) {
      found(event, `${process} leads with token ${token} and was not told of it`);
    }
    const still = leading.get(candidates.get(process) ?? 0) === token;
    if (event.kind === "ended" && event.end !== undefined && still) {
      found(event, `${process} was not told that it lost token ${token}`);
    }
  }
  return violations;
};
