import type { UpdateItemCommandInput } from "@aws-sdk/client-dynamodb";
import { accepted, refused } from "./recording.ts";
import type { Operation, Script } from "./scripts.ts";

/*
 * The least that a lock in one item can do with conditional updates. It has no fencing token, asks for no row that decided, cannot tell
 * its own write from another's after a lost response, and believes its own clock.
 */

/** What minimal commands do for an operation. */
export function minimalScript(operation: Operation, TableName: string): Script {
  const Key = { pk: { S: "bench" }, sk: { S: "minimal" } };
  const expiry = { N: "1800000000000" };
  const acquire = (holder: string): UpdateItemCommandInput => ({
    TableName,
    Key,
    ConditionExpression: "attribute_not_exists(h)OR e<:n",
    UpdateExpression: "SET h=:h,e=:e",
    ExpressionAttributeValues: { ":h": { S: holder }, ":e": expiry, ":n": { N: "1700000000000" } },
  });
  const release: UpdateItemCommandInput = {
    TableName,
    Key,
    ConditionExpression: "h=:h",
    UpdateExpression: "REMOVE h",
    ExpressionAttributeValues: { ":h": { S: "me" } },
  };
  const renew: UpdateItemCommandInput = {
    TableName,
    Key,
    ConditionExpression: "h=:h",
    UpdateExpression: "SET e=:e",
    ExpressionAttributeValues: { ":h": { S: "me" }, ":e": expiry },
  };
  const done = (input: UpdateItemCommandInput) => ({ input, answer: accepted() });
  switch (operation) {
    case "acquire and release":
      return { before: [], times: [done(acquire("me")), done(release)] };
    case "renew":
      return { before: [done(acquire("me"))], times: [done(renew)] };
    case "refusal":
      return { before: [done(acquire("you"))], times: [{ input: acquire("me"), answer: refused() }] };
    default:
      return operation satisfies never;
  }
}
