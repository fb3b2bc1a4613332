import { setTimeout as delay } from "node:timers/promises";
import { SQSClient } from "@aws-sdk/client-sqs";
import { App } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { LeaseClient } from "leasehold";
import { InMemoryLeaseStore } from "leasehold/testing";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { LeasesStack, ReportStack, StandbyStack } from "../../examples/leadership-events.ts";
import { standByQueue } from "../../examples/leadership-queue.ts";
import { LOCAL_AWS } from "../../local/engine.ts";
import { inlineFunction } from "../cdk/inline-function.ts";
import { read } from "../support/pages.ts";
import { wakeQueue } from "./fencing-servers.ts";

const releaseOf = (lease: string) => ({
  source: "leasehold",
  "detail-type": "Leadership Released",
  detail: { lease },
});

describe("the standby that a queue wakes", () => {
  it("leads at once when told of the release, though it would look again in ten minutes", async () => {
    await using queue = await wakeQueue();
    const sqs = new SQSClient({ ...LOCAL_AWS, endpoint: queue.endpoint });
    const store = new InMemoryLeaseStore();
    // The leader's term is long: its end does not come in this test.
    const timing = { store, durationMs: 600_000, retryIntervalMs: 600_000 };
    await using leader = new LeaseClient({ ...timing, holder: "leader" });
    await using standby = new LeaseClient({ ...timing, holder: "standby" });
    const lease = await leader.acquire("orders-writer");
    const stop = new AbortController();
    let led: (() => void) | undefined;
    const leads = new Promise<void>((resolve) => void (led = resolve));
    const standing = standByQueue(
      standby,
      sqs,
      `${queue.endpoint}/123456789012/releases`,
      async () => {
        led?.();
        stop.abort();
      },
      stop.signal,
    );
    await delay(50);
    await lease.release();
    queue.send(releaseOf("another"));
    const early = Symbol("early");
    expect(await Promise.race([leads, delay(200, early)]), "nobody told it of this lease").toBe(early);
    queue.send(releaseOf("orders-writer"));
    await leads;
    await standing;
    expect(queue.deleted().map((body) => JSON.parse(body).detail.lease)).toContain("another");
    sqs.destroy();
  });
});

describe("the stacks of the guide to events", () => {
  it("synthesize: a rule for crashes, one that fills a queue, and one that wakes a job", () => {
    const app = new App();
    const leases = new LeasesStack(app, "Leases");
    const report = new ReportStack(app, "Report", {
      from: leases,
      handler: (scope) => inlineFunction(scope, "Handler"),
    });
    const rule = (change: string, lease: string[]) => ({
      EventPattern: {
        source: ["leasehold"],
        "detail-type": [change],
        resources: [Match.anyValue()],
        detail: { lease },
      },
    });
    Template.fromStack(leases).hasResourceProperties(
      "AWS::Events::Rule",
      rule("Leadership Taken Over", ["orders-writer", "nightly-close"]),
    );
    Template.fromStack(report).hasResourceProperties(
      "AWS::Events::Rule",
      rule("Leadership Released", ["import"]),
    );
    const standby = Template.fromStack(new StandbyStack(new App(), "Standby"));
    standby.hasResourceProperties("AWS::Events::Rule", {
      ...rule("Leadership Released", ["orders-writer"]),
      EventBusName: { Ref: Match.stringLikeRegexp("leadershipbusname") },
    });
    standby.resourceCountIs("AWS::Pipes::Pipe", 0);
  });
});

describe("the guide to events", () => {
  const guide = read("docs/guides/leadership-events.md");
  const schemaText = read("docs/schemas/leadership-event.schema.json");
  const schema = JSON.parse(schemaText) as {
    readonly oneOf: readonly {
      readonly properties: {
        readonly detail: { readonly properties: Readonly<Record<string, unknown>> };
        readonly "detail-type": { readonly const: string };
      };
    }[];
  };
  const fields = new Set(schema.oneOf.flatMap(({ properties }) => Object.keys(properties.detail.properties)));

  it("shows an event that its schema allows", () => {
    const event: unknown = JSON.parse(read("examples/leadership-event.json"));
    expect(z.fromJSONSchema(JSON.parse(schemaText)).safeParse(event).error).toBeUndefined();
  });

  it("explains each field that there is, and each kind of change", () => {
    const [, table = ""] = /\| field of `detail`([^]*?)\n\n/.exec(guide) ?? [];
    const explained = [...table.matchAll(/^\| (`.+?`) \|/gm)].flatMap(([, cell = ""]) =>
      [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name),
    );
    expect(new Set(explained)).toEqual(fields);
    for (const { properties } of schema.oneOf)
      expect(guide).toContain(`| \`${properties["detail-type"].const}\` |`);
  });

  it("asks the audit trail for fields that there are", () => {
    const queries = [...guide.matchAll(/```text\n([^]*?)```/g)].map(([, query = ""]) => query);
    expect(queries.length).toBe(3);
    const asked = queries.flatMap((query) =>
      [...query.matchAll(/\bdetail\.(\w+)/g)].map(([, name = ""]) => name),
    );
    expect(asked.length).toBeGreaterThan(8);
    expect(asked.filter((name) => !fields.has(name))).toEqual([]);
  });
});
