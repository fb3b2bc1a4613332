import { beforeAll, describe, expect, it } from "vitest";
import type { LeaseEventName } from "../../lib/core/events.ts";
import {
  DIMENSIONS,
  dimensionValue,
  LEASE_ATTRIBUTE,
  type MetricEntry,
  type MetricKey,
  METRICS,
} from "../../lib/diagnostics/catalogue.ts";
import { onLeaseEvent } from "../../lib/diagnostics/channels.ts";
import { measurementsOf } from "../../lib/diagnostics/measurements.ts";
import { everythingHappens } from "../support/all-events.ts";
import { read } from "../support/pages.ts";

const GUIDE = "docs/guides/metrics.md";

/** The events that measure something, by what they measure, as they really come. */
const measuredBy = new Map<MetricKey, Set<LeaseEventName>>();
/** The events that come, with the fields that they have. */
const heard = new Map<LeaseEventName, Set<string>>();
/** What all events may have: it says whom they are about. */
const ABOUT = new Set(["lease", "holder", "shard", "session", "shards"]);

beforeAll(async () => {
  const stop = onLeaseEvent((name, event) => {
    if (event.lease !== "catalogue") return;
    heard.set(name, new Set([...(heard.get(name) ?? []), ...Object.keys(event)]));
    for (const { metric } of measurementsOf(name, event)) {
      measuredBy.set(metric, (measuredBy.get(metric) ?? new Set()).add(name));
    }
  });
  await everythingHappens("catalogue");
  stop();
});

/** The row that the guide has to have for what is measured. */
function rowOf(key: MetricKey): string {
  const { says, emf, otel }: MetricEntry = METRICS[key];
  const events = [...(measuredBy.get(key) ?? [])].sort().map((name) => `\`${name}\``);
  const cells = [
    says,
    events.join(", "),
    `\`${emf.name}\`, ${emf.unit}${emf.reason === true ? ", also by `Reason`" : ""}`,
    `\`${otel.name}\`, ${otel.kind}, \`${otel.unit}\`${otel.reason === undefined ? "" : `, \`${otel.reason}\``}`,
  ];
  return `| ${cells.join(" | ")} |`;
}

describe("the guide to metrics", () => {
  it("has a row for all that is measured, with the events, the metric and the instrument of each, and no other", () => {
    const rows = read(GUIDE)
      .split("\n")
      .filter((line) => line.includes("`leasehold.") && line.startsWith("| "));
    expect(rows).toEqual((Object.keys(METRICS) as MetricKey[]).map(rowOf));
  });

  it("has a row for each event, with all its fields", () => {
    const [, section = ""] = read(GUIDE).split("## The events themselves");
    const rows = [...section.matchAll(/^\| `(\w+)` \| .+? \| (.+) \|$/gm)];
    expect(new Set(rows.map(([, name]) => name))).toEqual(new Set(heard.keys()));
    expect(rows).toHaveLength(heard.size);
    for (const [, name = "", fields = ""] of rows) {
      const named = [...fields.matchAll(/`(\w+)`/g)].map(([, field]) => field);
      const has = [...(heard.get(name as LeaseEventName) ?? [])].filter((field) => !ABOUT.has(field));
      expect(named, name).toEqual(expect.arrayContaining(has));
    }
  });

  it("names the dimensions and the attribute that all of them have", () => {
    for (const name of [...Object.values(DIMENSIONS), LEASE_ATTRIBUTE]) {
      expect(read(GUIDE)).toContain(`\`${name}\``);
    }
  });
});

it("every event measures something, and everything is measured by some event", () => {
  const silent = [...heard.keys()].filter(
    (name) => ![...measuredBy.values()].some((names) => names.has(name)),
  );
  expect(silent).toEqual([]);
  expect(new Set(measuredBy.keys())).toEqual(new Set(Object.keys(METRICS)));
});

it("a lease's name is a dimension that CloudWatch takes, whatever it is made of", () => {
  expect(dimensionValue("nightly-close")).toBe("nightly-close");
  expect(dimensionValue("größe\n")).toBe("gr%u00f6%u00dfe%u000a");
  expect(dimensionValue("\ud83d\ude00")).toBe("%ud83d%ude00");
  expect(dimensionValue(" ")).toBe("%u0020");
  expect(dimensionValue("x".repeat(2_048))).toHaveLength(255);
});
