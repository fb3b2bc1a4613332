import { vi } from "vitest";

/** One metric as CloudWatch reads it from a line of the embedded metric format: under one set of dimensions. */
export interface Emitted {
  readonly namespace: string;
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** What a process wrote, from when it was asked to be captured. */
export interface Captured extends Disposable {
  /** The metrics, each set of dimensions by itself, in order. */
  readonly metrics: () => Emitted[];
  /** The lines of JSON that are no metrics: those of the logger. */
  readonly logs: () => Record<string, unknown>[];
  /** All other lines: warnings of Powertools, say. */
  readonly others: () => string[];
}

/** Takes what this process writes to its outputs, in place of showing it. */
export function captureOutput(): Captured {
  let text = "";
  const take = (chunk: unknown): boolean => {
    text += String(chunk);
    return true;
  };
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, "write").mockImplementation(take),
  );
  return {
    metrics: () => emittedIn(text),
    logs: () => documentsIn(text).filter((document) => !("_aws" in document)),
    others: () => text.split("\n").filter((line) => line !== "" && !line.startsWith("{")),
    [Symbol.dispose]: () => {
      for (const spy of spies) spy.mockRestore();
    },
  };
}

/** Reads the metrics in a process's output, as CloudWatch would. */
export function emittedIn(output: string): Emitted[] {
  return documentsIn(output).flatMap((document) => {
    const { CloudWatchMetrics = [] } = (document["_aws"] ?? {}) as { CloudWatchMetrics?: Directive[] };
    return CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }) =>
      Metrics.flatMap(({ Name, Unit }) =>
        Dimensions.map((names) => ({
          namespace: Namespace,
          name: Name,
          unit: Unit,
          value: Number(document[Name]),
          dimensions: Object.fromEntries(names.map((name) => [name, String(document[name])])),
        })),
      ),
    );
  });
}

interface Directive {
  readonly Namespace: string;
  readonly Dimensions: readonly (readonly string[])[];
  readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
}

function documentsIn(output: string): Record<string, unknown>[] {
  return output
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
