import { Logger } from "@aws-lambda-powertools/logger";
import type { APIGatewayProxyStructuredResultV2, Context, LambdaFunctionURLEvent } from "aws-lambda";
import { MAX_NAME_BYTES } from "../lib/dynamodb.ts";
import { isLeaseError, LeaseClient } from "../lib/index.ts";
import { requiredVariable } from "./environment.ts";
import { jsonOf, type LeaseReport, reportOf } from "./leader-report.ts";

const DEFAULT_LIMIT = 100;
const MOST_LEASES = 1_000;
/** Lambda answers with 6 MB at most. */
const MOST_BYTES = 4_000_000;
/** How long one page of the table may take, and what is left for the answer after it, in ms. */
const PAGE_TIMEOUT_MS = 3_000;

const logger = new Logger({ serviceName: "leader-status" });
const leases = new LeaseClient({ tableName: requiredVariable("LEASE_TABLE_NAME") });

type Answer = APIGatewayProxyStructuredResultV2;

/**
 * Tells who leads what, since when, under which token and until when. It only reads.
 *
 * `GET /?name=writer` or `GET /writer` tells of one lease, with what its leader proclaims. `GET /`
 * lists them, `limit` at most (100 unless told otherwise, 1 to 1,000); `complete` says whether
 * these are all. It reads the whole table for that.
 */
export async function handler(event: LambdaFunctionURLEvent, context: Context): Promise<Answer> {
  const { method } = event.requestContext.http;
  if (method !== "GET" && method !== "HEAD") {
    const answer = failed(405, "METHOD_NOT_ALLOWED", "this function only tells; ask by GET");
    return { ...answer, headers: { ...answer.headers, allow: "GET, HEAD" } };
  }
  const asked = askedIn(event);
  if (typeof asked === "string") return failed(400, "INVALID_ARGUMENT", asked);
  try {
    return asked.name === undefined ? await list(asked.limit, context) : await one(asked.name);
  } catch (error) {
    const code = isLeaseError(error) ? error.code : undefined;
    logger.error("the lease table could not be read", error as Error);
    if (code === undefined) return failed(500, "INTERNAL", "the function failed; its log says more");
    return failed(503, code, "the lease table could not be read; the function's log says more");
  }
}

async function one(name: string): Promise<Answer> {
  const state = await leases.get(name);
  const nowMs = Date.now();
  if (state.revision === 0 && state.token === 0) {
    return failed(404, "LEASE_NOT_FOUND", "nobody has led under this name, or its row was deleted since");
  }
  const { value } = state;
  const lease = { ...reportOf(state, nowMs), value: value === undefined ? null : jsonOf(value) };
  return answered(200, { asOf: new Date(nowMs).toISOString(), lease });
}

async function list(limit: number, context: Context): Promise<Answer> {
  const found: LeaseReport[] = [];
  let complete = true;
  let bytes = 0;
  for await (const state of leases.list({ pageTimeoutMs: PAGE_TIMEOUT_MS })) {
    const report = reportOf(state, Date.now());
    bytes += Buffer.byteLength(JSON.stringify(report));
    const late = context.getRemainingTimeInMillis() < 2 * PAGE_TIMEOUT_MS;
    complete = found.length < limit && bytes <= MOST_BYTES && !late;
    if (!complete) break;
    found.push(report);
  }
  found.sort((a, b) => (a.name < b.name ? -1 : 1));
  return answered(200, { asOf: new Date().toISOString(), complete, leases: found });
}

/** What was asked for, or what is wrong with it. */
type Asked = { readonly name: string | undefined; readonly limit: number } | string;

function askedIn({ rawPath, rawQueryString }: LambdaFunctionURLEvent): Asked {
  const query = new URLSearchParams(rawQueryString);
  for (const key of query.keys()) {
    if (key !== "name" && key !== "limit") return `there is no parameter "${key}"; ask by name or limit`;
    if (query.getAll(key).length > 1) return `${key} is given twice`;
  }
  let path: string;
  try {
    path = decodeURIComponent(rawPath.slice(1));
  } catch {
    return "the path is not percent-encoded UTF-8; ask by ?name=";
  }
  const named = query.get("name") ?? undefined;
  if (named !== undefined && path !== "") return "a name is given both in the path and by ?name=";
  const name = named ?? (path === "" ? undefined : path);
  const limit = query.get("limit") ?? undefined;
  if (name === undefined) return limitIn(limit);
  if (limit !== undefined) return "limit is for the list of all leases, and a name is given";
  const bytes = Buffer.byteLength(name);
  if (bytes === 0 || bytes > MAX_NAME_BYTES)
    return `name has ${bytes} bytes; it must have 1 to ${MAX_NAME_BYTES}`;
  return { name, limit: 1 };
}

function limitIn(text: string | undefined): Asked {
  const limit = text === undefined ? DEFAULT_LIMIT : Number(text);
  const counts = /^\d+$/.test(text ?? "1") && limit >= 1 && limit <= MOST_LEASES;
  return counts ? { name: undefined, limit } : `limit must be a whole number from 1 to ${MOST_LEASES}`;
}

function answered(statusCode: number, body: unknown): Answer {
  return {
    statusCode,
    headers: {
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    },
    body: JSON.stringify(body),
  };
}

function failed(statusCode: number, code: string, message: string): Answer {
  return answered(statusCode, { error: { code, message } });
}
