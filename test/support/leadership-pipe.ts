import { createContext, Script } from "node:vm";
import { App, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { LeadershipEvents, LeaseTable } from "../../lib/cdk/index.ts";
import { matchesPattern } from "./pipe-pattern.ts";

/** An event as it arrives on a bus. */
export interface BusEvent {
  readonly source: string;
  readonly "detail-type": string;
  readonly time: string;
  readonly resources: readonly unknown[];
  readonly detail: Readonly<Record<string, unknown>>;
}

/** A pipe, played as its template says. */
export interface PlayedPipe {
  /** The patterns of its filter; a test may leave one out. */
  readonly patterns: readonly unknown[];
  /** What leaves the table. */
  readonly filter: (records: readonly object[], patterns?: readonly unknown[]) => object[];
  /** What a bus gets of records of a stream. */
  readonly play: (records: readonly object[]) => Promise<BusEvent[]>;
}

interface PipeProperties {
  readonly SourceParameters: {
    readonly FilterCriteria: { readonly Filters: readonly { readonly Pattern: string }[] };
    readonly DynamoDBStreamParameters: { readonly BatchSize: number };
  };
  readonly Enrichment: { readonly "Fn::GetAtt": readonly [string, "Arn"] };
  readonly TargetParameters: {
    readonly InputTemplate: string;
    readonly EventBridgeEventBusParameters: {
      readonly Source: string;
      readonly DetailType: string;
      readonly Time: string;
      readonly Resources: readonly unknown[];
    };
  };
}

/** Most filters that a pipe takes, and most events that a bus takes at once. */
const MOST_FILTERS = 5;
const MOST_EVENTS = 10;

/** The pipe that `LeadershipEvents` synthesizes; with other patterns where a test wants to know what those do. */
export function synthesizedPipe(patterns?: readonly unknown[]): PlayedPipe {
  const stack = new Stack(new App(), "Events");
  const events = new LeadershipEvents(stack, "Leadership", { table: new LeaseTable(stack, "Leases") });
  return pipeOf(Template.fromStack(events.stack), patterns);
}

function pipeOf(template: Template, instead?: readonly unknown[]): PlayedPipe {
  const pipes = Object.values(template.findResources("AWS::Pipes::Pipe"));
  if (pipes.length !== 1) throw new Error(`${pipes.length} pipes, not one`);
  const properties = pipes[0]?.["Properties"] as PipeProperties;
  const { SourceParameters, Enrichment, TargetParameters } = properties;
  const { Filters } = SourceParameters.FilterCriteria;
  const patterns: readonly unknown[] = instead ?? Filters.map(({ Pattern }): unknown => JSON.parse(Pattern));
  if (patterns.length > MOST_FILTERS) throw new Error(`${patterns.length} filters`);
  const { BatchSize } = SourceParameters.DynamoDBStreamParameters;
  const functions = template.findResources("AWS::Lambda::Function");
  const code: string = functions[Enrichment["Fn::GetAtt"][0]]?.["Properties"].Code.ZipFile;
  const enrich = handlerOf(code);

  const filter = (records: readonly object[], by = patterns): object[] =>
    records.filter((record) => by.map((pattern) => matchesPattern(pattern, record)).includes(true));
  return {
    patterns,
    filter,
    async play(records) {
      const events: BusEvent[] = [];
      const passed = filter(records);
      for (let from = 0; from < passed.length; from += BatchSize) {
        const enriched = await enrich(passed.slice(from, from + BatchSize));
        if (enriched.length > MOST_EVENTS)
          throw new Error(`a bus takes no ${enriched.length} events at once`);
        events.push(...enriched.map((one) => eventOf(one, TargetParameters)));
      }
      return events;
    },
  };
}

/** Runs the very code of the function, with what Lambda gives it and nothing more: JSON comes in, JSON goes out. */
function handlerOf(code: string): (batch: readonly object[]) => Promise<readonly unknown[]> {
  const exports: { handler?: (event: unknown) => Promise<unknown> } = {};
  new Script(code, { filename: "index.js" }).runInContext(createContext({ exports }));
  return async (batch) => {
    const answer = await exports.handler?.(JSON.parse(JSON.stringify(batch)));
    const sent: unknown = JSON.parse(JSON.stringify(answer));
    if (!Array.isArray(sent)) throw new Error(`the enrichment answered ${JSON.stringify(answer)}, no list`);
    return sent;
  };
}

function eventOf(enriched: unknown, parameters: PipeProperties["TargetParameters"]): BusEvent {
  const { EventBridgeEventBusParameters: bus, InputTemplate } = parameters;
  const [, path] = /^<(\$[\w.]+)>$/.exec(InputTemplate) ?? [];
  if (path === undefined) throw new Error(`this player knows no template such as ${InputTemplate}`);
  const detail = at(enriched, path);
  if (typeof detail !== "object" || detail === null) throw new Error("a detail has to be an object");
  const time = text(at(enriched, bus.Time));
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(time))
    throw new Error(`${time} is no time of RFC 3339`);
  return {
    source: bus.Source,
    "detail-type": text(at(enriched, bus.DetailType)),
    time,
    resources: bus.Resources,
    detail: { ...detail },
  };
}

/** A path into the enriched event: what target parameters and templates refer to. */
function at(event: unknown, path: string): unknown {
  if (!/^\$(\.\w+)+$/.test(path)) throw new Error(`${path} is no path of keys`);
  const keys = path.split(".").slice(1);
  return keys.reduce<unknown>(
    (value, key) => (typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined),
    event,
  );
}

function text(value: unknown): string {
  if (typeof value === "string" && value.length > 0 && value.length <= 128) return value;
  throw new Error(`${JSON.stringify(value)} is no text of 1 to 128 characters`);
}
