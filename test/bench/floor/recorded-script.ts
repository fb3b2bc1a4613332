import { leaseholdDoes, type Place } from "./contenders.ts";
import { recordUpdates } from "./recording.ts";
import type { Operation, Script } from "./scripts.ts";

/** Has this package do an operation so many times on an engine, and records all requests. */
export async function recordedScript(operation: Operation, place: Place, times: number): Promise<Script> {
  const contender = leaseholdDoes(operation, place);
  const recording = recordUpdates(place.client);
  await contender.prepare();
  const { all } = recording;
  const prepared = all.length;
  for (let done = 0; done < times; done += 1) await contender.once();
  recording.stop();
  await contender.finish();
  return { before: all.slice(0, prepared), times: all.slice(prepared) };
}
