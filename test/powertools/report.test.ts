import { spawnSync } from "node:child_process";
import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics } from "@aws-lambda-powertools/metrics";
import { describe, expect, it } from "vitest";
import { METRICS } from "../../lib/diagnostics/catalogue.ts";
import { onLeaseEvent } from "../../lib/diagnostics/channels.ts";
import { type ReportOptions, reportLeaseEvents } from "../../lib/powertools/index.ts";
import { everythingHappens } from "../support/all-events.ts";
import { captureOutput, type Emitted, emittedIn } from "../support/emf.ts";
import { leaseErrorIn } from "../support/failures.ts";
import { manual } from "../support/manual.ts";

const metrics = new Metrics({ namespace: "Test", serviceName: "closing" });
const logger = new Logger({ serviceName: "closing", logLevel: "DEBUG" });

/** Runs work while its events are reported, and returns what was written about one lease. */
async function reported(lease: string, options: ReportOptions, work: () => Promise<unknown>) {
  using output = captureOutput();
  const stop = reportLeaseEvents(options);
  try {
    await work();
  } finally {
    stop();
  }
  expect(output.others(), "Powertools has nothing to warn of").toEqual([]);
  const ofLease = ({ dimensions }: Emitted): boolean => dimensions["LeaseName"] === lease;
  return {
    metrics: output.metrics().filter(ofLease),
    logs: output.logs().filter((line) => line["lease"] === lease),
  };
}

describe("the metrics of Powertools", () => {
  it("are those of the catalogue, all of them, by service, lease, and reason where there is one", async () => {
    const { metrics: all } = await reported("all", { metrics }, () => everythingHappens("all"));
    const plain = all.filter(({ dimensions }) => dimensions["Reason"] === undefined);
    const units = new Set(plain.map(({ name, unit }) => `${name} in ${unit}`));
    expect(units).toEqual(new Set(Object.values(METRICS).map(({ emf }) => `${emf.name} in ${emf.unit}`)));
    for (const { namespace, dimensions } of plain) {
      expect({ namespace, dimensions }).toEqual({
        namespace: "Test",
        dimensions: { service: "closing", LeaseName: "all" },
      });
    }
    const reasons = all.flatMap(({ name, dimensions: { Reason } }) =>
      Reason === undefined ? [] : [`${name} ${Reason}`],
    );
    expect([...new Set(reasons)].sort()).toEqual([
      "CampaignsRefused held",
      "CampaignsRefused tick-passed",
      "ClockSkew behind",
      "FencedWrites guard",
      "RenewalsFailed Error",
      "RequestsFailed Error",
      "TermsLost expired",
    ]);
    // Each is also counted without its reason.
    expect(reasons).toHaveLength(plain.filter(({ name }) => reasons.some((r) => r.startsWith(name))).length);
  });

  it("say what happened, in order", async () => {
    const { clock, client, store } = manual();
    const { metrics: all } = await reported("story", { metrics }, async () => {
      const lease = await client({ requestTimeoutMs: 4_000 }).acquire("story", { renew: "manual" });
      await client({ holder: "bob" }).tryAcquire("story");
      await clock.advance(9_000);
      store.onWrite = async (_write, pass) => {
        await clock.advance(2_500);
        return pass();
      };
      await lease.renew();
      store.onWrite = undefined;
      await lease.release();
    });
    const story = all
      .filter(({ dimensions }) => dimensions["Reason"] === undefined)
      .map(({ name, value }) => `${name} ${Math.round(value)}`);
    expect(story).toEqual([
      "Leader 1",
      "TermsBegun 1",
      "Leader 0",
      "CampaignsRefused 1",
      "Leader 1",
      "RenewalLatency 2500",
      "RemainingAtRenewal 3423",
      "Leader 0",
      "TermsReleased 1",
    ]);
  });

  it("leave alone what the application has stored in its own", async () => {
    const own = new Metrics({ namespace: "Test", serviceName: "closing" });
    own.addMetric("InvoicesClosed", "Count", 3);
    own.addDimension("Tenant", "a");
    const { client } = manual();
    const { metrics: all } = await reported("own", { metrics: own }, () => client().acquire("own"));
    expect(all.map(({ name }) => name)).toEqual(["Leader", "TermsBegun"]);
    expect(all[0]?.dimensions).toEqual({ service: "closing", LeaseName: "own" });
    const { InvoicesClosed, TermsBegun } = own.serializeMetrics();
    expect([InvoicesClosed, TermsBegun]).toEqual([3, undefined]);
  });

  it("bear a name that CloudWatch takes, or the one that the application gives, or none", async () => {
    const { client } = manual();
    const work = async (): Promise<void> => {
      for (const name of ["größe", "shard#7", "secret"]) await client().acquire(name);
    };
    const leaseName = (lease: string): string | undefined =>
      lease === "secret" ? undefined : lease.replace(/#\d+/, "");
    using output = captureOutput();
    const stop = reportLeaseEvents({ metrics, leaseName });
    await work();
    stop();
    const names = output.metrics().map(({ dimensions }) => dimensions["LeaseName"]);
    expect([...new Set(names)]).toEqual(["gr%u00f6%u00dfe", "shard"]);
  });

  it("are not lost with a process that ends at once", () => {
    const script = `
      import { Metrics } from "@aws-lambda-powertools/metrics";
      import { reportLeaseEvents } from "./lib/powertools/index.ts";
      import { StoreLeaseClient } from "./lib/client/lease-client.ts";
      import { InMemoryLeaseStore } from "./lib/testing/index.ts";
      const metrics = new Metrics({ namespace: "Test", serviceName: "closing" });
      reportLeaseEvents({ metrics });
      const store = new InMemoryLeaseStore();
      await new StoreLeaseClient({ store }).acquire("brief");
      await new StoreLeaseClient({ store }).tryAcquire("brief");
      process.kill(process.pid, "SIGKILL");
    `;
    const args = ["--no-warnings", "--input-type=module", "-e", script];
    const { stdout, stderr, signal } = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect(signal, stderr).toBe("SIGKILL");
    const names = emittedIn(stdout).flatMap(({ name, dimensions: { Reason } }) => Reason ?? name);
    expect(names).toEqual(["Leader", "TermsBegun", "Leader", "CampaignsRefused", "held"]);
  });
});

it("has no metric for a shard: a group of thousands costs as many metrics as one of one", async () => {
  const { metrics: all } = await reported("many", { metrics }, async () => {
    const { client } = manual();
    await using group = client().group("many");
    for (let shard = 0; shard < 30; shard += 1) await group.acquire(`${shard}`);
  });
  const told = new Set(all.map(({ name, dimensions }) => JSON.stringify([name, dimensions])));
  const names = ["Leader", "ShardsLed", "TermsBegun", "TermsReleased"];
  const dimensions = { service: "closing", LeaseName: "many" };
  expect([...told].sort()).toEqual(names.map((name) => JSON.stringify([name, dimensions])));
});

describe("the log lines of Powertools", () => {
  it("tell each event once, with its causes as text, and at the level that it is worth", async () => {
    const heard: string[] = [];
    const unsubscribe = onLeaseEvent((name, { lease }) => {
      if (lease === "logged") heard.push(name);
    });
    const { logs } = await reported("logged", { logger }, () => everythingHappens("logged"));
    unsubscribe();
    expect(logs.map(({ event }) => event)).toEqual(heard);
    expect(logs.map(({ message }) => message)).toEqual(heard.map((name) => `lease ${name}`));
    const eventsAt = (level: string): string[] => {
      const events = logs.filter((line) => line["level"] === level).map(({ event }) => String(event));
      return [...new Set(events)].sort();
    };
    expect(eventsAt("WARN")).toEqual([
      "clockSkewed",
      "fenced",
      "lost",
      "renewalFailed",
      "requestFailed",
      "workFailed",
    ]);
    expect(eventsAt("DEBUG")).toEqual(["renewed"]);
    expect(eventsAt("INFO")).toEqual(["acquired", "contactRestored", "handover", "refused", "released"]);
    expect(logs.find(({ event }) => event === "renewalFailed")).toMatchObject({
      holder: expect.stringMatching(/^ann\//),
      cause: "Error: the response was lost",
    });
    expect(logs.find(({ event }) => event === "lost")?.["end"]).toMatchObject({ reason: "expired" });
  });

  it("and the metrics end when they are stopped, and what a logger throws reaches nobody", async () => {
    const { client } = manual();
    const thrower = { debug: explode, info: explode, warn: explode };
    const { metrics: all } = await reported("stopped", { logger: thrower, metrics }, async () => {
      const stop = reportLeaseEvents({ logger: thrower });
      const lease = await client().acquire("stopped");
      stop();
      await lease.release();
    });
    expect(all.map(({ name }) => name)).toEqual(["Leader", "TermsBegun", "Leader", "TermsReleased"]);
    using output = captureOutput();
    await client().acquire("stopped");
    expect(output.metrics()).toEqual([]);
  });
});

function explode(): never {
  throw new Error("the logger is broken");
}

it("is refused without anything to report to, and with options that there are not", () => {
  for (const options of [{}, undefined, { metric: metrics }, { metrics: {} }, { metrics, leaseName: "a" }]) {
    leaseErrorIn(() => reportLeaseEvents(options as ReportOptions), "INVALID_ARGUMENT");
  }
  for (const [options, message] of [
    [{ logger: "console" }, /^logger must be a Logger .*, not "console" \(string\)$/],
    [
      { logger: { info: explode, warn: explode } },
      /^logger must be a Logger .*: it has no function "debug"$/,
    ],
    [{ metrics: null }, /^metrics must be a Metrics .*, not "null" \(object\)$/],
    [{ metrics, leaseName: "a" }, /^leaseName must be a function, not "a" \(string\)$/],
  ] as const) {
    const report = () => reportLeaseEvents(options as unknown as ReportOptions);
    expect(leaseErrorIn(report, "INVALID_ARGUMENT").message).toMatch(message);
  }
});
