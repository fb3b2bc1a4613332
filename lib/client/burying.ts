import { isLeaseError } from "../core/errors.ts";
import type { GroupView } from "../core/group-view.ts";
import { bury } from "../core/shard-writes.ts";
import type { Session } from "./session.ts";

/** Has a worker's session end each dead session that holds shards, 1 request for all of them; resolves with the group as it is then. */
export async function buryDead(own: Session, view: GroupView): Promise<GroupView> {
  const { core, name } = own;
  const { exchange, memory, random } = core;
  const sessions = new Map(view.sessions);
  const behind = new Set([...view.shards.values()].map(({ holder }) => holder));
  for (const session of view.sessions.values()) {
    if (session.is !== "dead" || !behind.has(session.id)) continue;
    const write = bury(session.record, { writeId: random.id(), now: exchange.steady() });
    const answer = await own.send(write).catch(unlessInvalid);
    if (answer === undefined || answer.outcome.kind === "unknown") continue;
    const { outcome, received } = answer;
    const record = outcome.kind === "written" ? outcome.record : outcome.current;
    memory.note(name, record, received, outcome.servedAt, session.record.row);
    sessions.set(session.id, {
      ...session,
      record: record ?? { ...session.record, holder: undefined },
      is: record?.holder === undefined ? "closed" : "lasts",
    });
  }
  return { ...view, sessions };
}

/** A row that somebody edited by hand is for an operator to mend: the others go on. */
export function unlessInvalid(error: unknown): undefined {
  if (!isLeaseError(error, "RECORD_INVALID")) throw error;
}
