import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type BusEvent, synthesizedPipe } from "../support/leadership-pipe.ts";
import { createStreamedTable, readStream } from "../support/table-stream.ts";
import { engineClient } from "../../local/engine.ts";
import { PLAYED, playAll, UNTOLD } from "./leadership-plays.ts";

interface Piped {
  readonly eventName: string;
  readonly dynamodb: {
    readonly Keys: { readonly pk: { readonly S: string }; readonly sk: { readonly S: string } };
    readonly OldImage?: Readonly<Record<string, { readonly S?: string; readonly N?: string }>>;
    readonly NewImage?: Readonly<Record<string, { readonly S?: string; readonly N?: string }>>;
  };
}

const schema = z.fromJSONSchema(
  JSON.parse(
    readFileSync(new URL("../../docs/schemas/leadership-event.schema.json", import.meta.url), "utf8"),
  ),
);

const ACQUIRED = "Leadership Acquired";
const TAKEN_OVER = "Leadership Taken Over";
const RELEASED = "Leadership Released";
const TERM = [ACQUIRED, RELEASED];

/** What the synthesized pipe makes of the records of an engine's own stream. */
export function leadershipEvents(
  engine: string,
  start: () => Promise<{ readonly endpoint: string; readonly stop: () => Promise<void> }>,
): void {
  describe(`what leaves the table of ${engine}`, () => {
    const pipe = synthesizedPipe();
    let records: Piped[] = [];
    let events: BusEvent[] = [];
    let began = 0;
    const of = (lease: string): BusEvent[] => events.filter(({ detail }) => detail["lease"] === lease);
    const kinds = (lease: string): string[] => of(lease).map((event) => event["detail-type"]);
    const details = (lease: string): BusEvent["detail"][] => of(lease).map(({ detail }) => detail);
    const rows = (lease: string): Piped[] =>
      records.filter(({ dynamodb: { Keys } }) => Keys.pk.S === lease && Keys.sk.S === "lease");

    beforeAll(async () => {
      const { endpoint, stop } = await start();
      const admin = engineClient(endpoint);
      try {
        await createStreamedTable(admin, "streamed-leases");
        began = Date.now();
        await playAll(admin, "streamed-leases");
        records = (await readStream(admin, endpoint, "streamed-leases")) as Piped[];
        events = await pipe.play(records);
      } finally {
        admin.destroy();
        await stop();
      }
    });

    it("tells the beginning and the end of each term, and nothing of its renewals and values", () => {
      expect(rows("terms").length, "records").toBe(7);
      expect(kinds("terms")).toEqual([...TERM, ...TERM]);
      const [begun, ended, next] = details("terms");
      expect(begun).toMatchObject({ holder: expect.stringMatching(/^a\//), term: 1, revision: 1 });
      expect(ended).toMatchObject({
        holder: begun?.["holder"],
        token: begun?.["token"],
        term: 1,
        revision: 5,
      });
      expect(ended).toMatchObject({ acquiredAt: begun?.["acquiredAt"], cause: "vacated" });
      expect(next).toMatchObject({ holder: expect.stringMatching(/^b\//), previousToken: begun?.["token"] });
      expect(begun).not.toHaveProperty("previousToken");
      expect(next).not.toHaveProperty("previousHolder");
      expect(JSON.stringify(events)).not.toContain("10.0.0.7");
    });

    it("tells of a take-over from whom and since when it was silent, and of no expiry", () => {
      expect(kinds("taken over")).toEqual([ACQUIRED, TAKEN_OVER, RELEASED]);
      const [begun, taken] = details("taken over");
      expect(taken).toMatchObject({
        holder: expect.stringMatching(/^heir\//),
        priority: 3,
        term: 2,
        previousHolder: begun?.["holder"],
        previousToken: begun?.["token"],
        previousRenewedAt: begun?.["acquiredAt"],
        previousExpiresAt: begun?.["expiresAt"],
      });
    });

    it("takes a resumed term for the same one", () => {
      expect(rows("resumed").length).toBe(4);
      expect(kinds("resumed")).toEqual(TERM);
      expect(details("resumed").map(({ holder }) => holder)).toEqual(["pod-0", "pod-0"]);
    });

    it("tells of a hand-over who asked and whom the lease is kept for, and nothing of the request", () => {
      expect(kinds("requested")).toEqual(TERM);
      const [, ended] = details("requested");
      expect(ended).toMatchObject({ requestedBy: "favourite/1", reservedFor: "favourite/1" });
      expect(Date.parse(String(ended?.["reservedUntil"]))).toBeGreaterThan(began);
      expect(details("reserved")[1]).toMatchObject({ reservedFor: "" });
      expect(details("affine")[1]).toMatchObject({ reservedFor: "@east" });
      expect(kinds("reserved"), "an operator lifts a reservation: no change of holder").toEqual(TERM);
    });

    it("tells of a term that an operator ended, and of one that nobody was told of", () => {
      expect(kinds("forced")).toEqual(TERM);
      expect(kinds("abandoned")).toEqual(TERM);
      expect(details("abandoned")[1]).toMatchObject({ token: details("abandoned")[0]?.["token"] });
    });

    it("tells no correction: the end of the term has its token, and `term` ties the two together", () => {
      expect(rows("corrected").length, "claim, correction, renewal, release").toBe(4);
      expect(kinds("corrected")).toEqual(TERM);
      const [begun, ended] = details("corrected");
      expect(Number(ended?.["token"]) - Number(begun?.["token"])).toBeGreaterThan(50_000);
      expect(ended?.["term"]).toBe(begun?.["term"]);
    });

    it("tells the occurrence that a release records, and not that it was set back", () => {
      expect(kinds("ticks")).toEqual(TERM);
      expect(details("ticks")[1]).toMatchObject({ tick: "2026-01-31T02:00:00.000Z" });
      expect(details("ticks")[0]).not.toHaveProperty("tick");
    });

    it("tells of a held row that was deleted, and not of a vacant one", () => {
      expect(kinds("deleted")).toEqual([...TERM, ...TERM]);
      const [, gone, next] = details("deleted");
      expect(gone).toMatchObject({ cause: "deleted", holder: expect.stringMatching(/^a\//) });
      expect(gone).not.toHaveProperty("revision");
      expect(next).toMatchObject({ term: 1, holder: expect.stringMatching(/^b\//) });
      expect(next).not.toHaveProperty("previousToken");
    });

    it("tells the first term of a row that was written by hand", () => {
      expect(kinds("by hand")).toEqual(TERM);
      expect(details("by hand")[0]).toMatchObject({ previousToken: 41, term: 1 });
    });

    it("counts terms past the tenth", () => {
      expect(kinds("many")).toEqual(Array.from({ length: 11 }, () => TERM).flat());
      expect(details("many").map(({ term }) => term)).toEqual(
        Array.from({ length: 11 }, (_, at) => [at + 1, at + 1]).flat(),
      );
    });

    it("leaves candidates, marks, shards and sessions in the table", () => {
      const auxiliary = records.filter(({ dynamodb }) => dynamodb.Keys.sk.S !== "lease");
      expect(new Set(auxiliary.map(({ dynamodb }) => dynamodb.Keys.sk.S.replace(/#.*/s, "#")))).toEqual(
        new Set(["candidate#", "fence", "lease#", "session#"]),
      );
      expect(auxiliary.some(({ eventName }) => eventName === "REMOVE")).toBe(true);
      expect(kinds("beside")).toEqual(TERM);
      expect(Object.keys(UNTOLD).flatMap(kinds)).toEqual([]);
      expect(pipe.filter(auxiliary)).toEqual([]);
    });

    it("sends nothing but these, each once, in the order of its row, stamped by the table's clock", () => {
      const passed = pipe.filter(records);
      expect(passed.length, "no record leaves the table in vain").toBe(events.length);
      expect(passed.length).toBeLessThan(records.length * 0.7);
      expect(new Set(events.map(({ detail }) => detail["lease"]))).toEqual(new Set(PLAYED));
      expect(new Set(events.map(({ detail }) => detail["changeId"])).size).toBe(events.length);
      for (const { source, time, resources } of events) {
        expect(source).toBe("leasehold");
        expect(Math.abs(Date.parse(time) - began)).toBeLessThan(60_000);
        expect(resources).toEqual([{ "Fn::GetAtt": [expect.stringContaining("Leases"), "Arn"] }]);
      }
    });

    it("loses nothing in the filter that the enrichment would have told", async () => {
      const leases = [{ dynamodb: { Keys: { sk: { S: ["lease"] } } } }];
      const unfiltered = synthesizedPipe(leases);
      expect(await unfiltered.play(records)).toEqual(events);
    });

    it("needs each of its filters", () => {
      for (const left of pipe.patterns) {
        const others = pipe.patterns.filter((pattern) => pattern !== left);
        expect(pipe.filter(records, others).length, JSON.stringify(left)).toBeLessThan(events.length);
      }
    });

    it("sends events as their schema says, whatever has happened", () => {
      for (const event of events) {
        // What a bus adds to each.
        const whole = { version: "0", id: "1", account: "111111111111", region: "eu-central-1", ...event };
        const sent = { ...whole, resources: ["arn:aws:dynamodb:eu-central-1:111111111111:table/leases"] };
        expect(schema.safeParse(sent).error, JSON.stringify(sent)).toBeUndefined();
        const { lease: _, ...nameless } = event.detail;
        for (const detail of [nameless, { ...event.detail, value: 1 }, { ...event.detail, token: "7" }]) {
          expect(schema.safeParse({ ...sent, detail }).success, JSON.stringify(detail)).toBe(false);
        }
      }
    });
  });
}
