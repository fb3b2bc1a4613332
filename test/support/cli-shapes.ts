import { z } from "zod";

/** What `--json` prints, as docs/guides/cli.md has it. Strict: a field that is not documented is a fault. */
const instant = z.iso.datetime();
const shard = z.string().nullable();
const lease = z.strictObject({
  name: z.string(),
  shard,
  state: z.enum(["vacant", "held", "expired"]),
  holder: z.string().nullable(),
  token: z.int(),
  revision: z.int(),
  transitions: z.int(),
  priority: z.int(),
  acquiredAt: instant.nullable(),
  renewedAt: instant.nullable(),
  expiresAt: instant.nullable(),
  remainingMs: z.int().nullable(),
  tick: instant.nullable(),
  reservedFor: z.string().nullable(),
  requestedBy: z.string().nullable(),
  lockDelayMs: z.int(),
  value: z.json(),
});
const operation = z.enum(["write", "read"]);
const worker = z.strictObject({
  id: z.string(),
  isWorker: z.boolean(),
  shards: z.int(),
  share: z.strictObject({ floor: z.int(), ceiling: z.int() }).nullable(),
  weight: z.number(),
  maxShards: z.int().nullable(),
  since: instant.nullable(),
  expiresAt: instant.nullable(),
  remainingMs: z.int().nullable(),
});
const group = z.strictObject({
  name: z.string(),
  workers: z.array(worker),
  shards: z.array(lease),
  unled: z.array(z.string()),
  balanced: z.boolean(),
  requests: z.array(z.strictObject({ shard: z.string(), holder: z.string(), by: z.string() })),
});
const listedGroup = z.strictObject({
  name: z.string(),
  shards: z.int(),
  led: z.int(),
  workers: z.int(),
  holders: z.int(),
});
const term = z.strictObject({ holder: z.string(), token: z.int() });

/** The shapes by command. */
export const SHAPES = {
  get: lease,
  group,
  list: z.array(lease).or(z.array(listedGroup)),
  candidates: z.array(
    z.strictObject({
      id: z.string(),
      priority: z.int(),
      since: instant.nullable(),
      expiresAt: instant.nullable(),
      remainingMs: z.int(),
      leads: z.boolean(),
    }),
  ),
  watch: z.discriminatedUnion("change", [
    z.strictObject({
      at: instant,
      name: z.string(),
      change: z.enum(["seen", "acquired", "released", "expired", "requested", "updated", "renewed"]),
      how: z.enum(["released", "taken-over"]).nullable(),
      previous: term.nullable(),
      lease,
    }),
    z.strictObject({
      at: instant,
      name: z.string(),
      change: z.enum(["unanswered", "answered"]),
      cause: z.string().nullable(),
    }),
    z.strictObject({ at: instant, name: z.string(), change: z.literal("group"), group }),
    z.strictObject({ at: instant, name: z.string(), change: z.enum(["joined", "left"]), worker }),
    z.strictObject({ at: instant, name: z.string(), change: z.enum(["balanced", "unbalanced"]) }),
  ]),
  "step-down": z.strictObject({
    name: z.string(),
    shard,
    outcome: z.enum(["vacant", "asked", "handed-over", "led-again", "released", "expired", "still-led"]),
    asked: term.nullable(),
    to: z.string().nullable(),
    leader: term.nullable(),
  }),
  release: z.strictObject({
    name: z.string(),
    shard,
    outcome: z.enum(["released", "opened", "vacant"]),
    holder: z.string().nullable(),
    token: z.int().nullable(),
    reservedFor: z.string().nullable(),
  }),
  tick: z.strictObject({
    name: z.string(),
    shard,
    outcome: z.enum(["shown", "set-back", "cleared", "unchanged", "refused"]),
    tick: instant.nullable(),
    previous: instant.nullable(),
    holder: z.string().nullable(),
  }),
  cost: z.strictObject({
    as: z.enum(["single", "schedule", "group", "workers"]),
    leases: z.int(),
    renewIntervalMs: z.int(),
    retryIntervalMs: z.int(),
    requests: z.array(
      z.strictObject({
        what: z.string(),
        operation,
        perSecond: z.number(),
        perMonth: z.number(),
        unitsPerMonth: z.number(),
        usdPerMonth: z.number(),
      }),
    ),
    writeUnitsPerMonth: z.number(),
    readUnitsPerMonth: z.number(),
    usdPerMonth: z.number(),
    limits: z.array(
      z.strictObject({
        limit: z.string(),
        operation,
        unitsPerSecond: z.number(),
        most: z.int(),
        share: z.number(),
        reachedAtLeases: z.int().nullable(),
      }),
    ),
    prices: z.strictObject({
      perMillionWrites: z.number(),
      perMillionReads: z.number(),
      region: z.string().nullable(),
      since: z.iso.date().nullable(),
    }),
  }),
  completion: z.strictObject({ shell: z.enum(["bash", "zsh", "fish"]), script: z.string() }),
} as const;

/** Reads one JSON value of a command's output and holds it to the command's shape. */
export function jsonOf<Name extends keyof typeof SHAPES>(
  command: Name,
  text: string,
): z.infer<(typeof SHAPES)[Name]> {
  return SHAPES[command].parse(JSON.parse(text)) as z.infer<(typeof SHAPES)[Name]>;
}
