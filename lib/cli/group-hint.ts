import type { LeaseState } from "../core/record.ts";
import type { Session } from "./session.ts";
import { commandAbout, printable } from "./text.ts";

/**
 * Whether a name that no lease has is a group's: it has rows of shards or sessions. Sends one strong read, and only where the lease has no
 * row. Whoever may not read rows, or is not answered, is told nothing: the command has done what it was asked to.
 * @param ended gives it up
 */
export async function isGroupInstead(
  session: Session,
  state: LeaseState,
  ended?: AbortSignal,
): Promise<boolean> {
  if (state.shard !== undefined || state.revision !== 0 || state.token !== 0) return false;
  const [{ QueryCommand }, { ask }, client] = await Promise.all([
    import("@aws-sdk/client-dynamodb"),
    import("./doctor/ask.ts"),
    session.dynamodb(),
  ]);
  const command = new QueryCommand({
    TableName: session.tableName,
    ConsistentRead: true,
    // Both kinds of a group's rows sort behind a lease's own, and those of candidates and marks before it.
    KeyConditionExpression: "pk = :name AND sk > :lease",
    ExpressionAttributeValues: { ":name": { S: state.name }, ":lease": { S: "lease" } },
    ProjectionExpression: "sk",
    Limit: 1,
  });
  const got = await ask(({ abortSignal }) =>
    client.send(command, {
      abortSignal: ended === undefined ? abortSignal : AbortSignal.any([abortSignal, ended]),
    }),
  );
  const found = got.kind === "answered" ? got.output.Items?.[0]?.["sk"]?.S : undefined;
  return /^(lease|session)#/.test(found ?? "");
}

/** Says that a name is a group's, and how to look at that. */
export function groupNote(name: string, command: "group" | "watch"): string {
  const see = command === "group" ? commandAbout("group", name) : commandAbout("watch", name, "--group");
  return `note: there is no lease "${printable(name)}", but a group; see ${see}`;
}
