import { describe, expect, it } from "vitest";
import { NETWORK_FAULTS, type NetworkFault } from "../../../local/harness/faults.ts";
import { Chance, Draws } from "../../simulation/world/chance.ts";
import { fateOf, LATEST_MS, RandomNetwork } from "./random-network.ts";

const fatesOf = (network: RandomNetwork, operation = "UpdateItem") =>
  Array.from({ length: 5_000 }, () => network.fateOf(operation));

describe("the random network", () => {
  it("brings every kind of fault, holds nothing back for longer than promised, and repeats by its seed", () => {
    const fates = fatesOf(new RandomNetwork(new Chance(1), "ann"));
    const kinds = new Set(fates.flatMap(({ fault }) => fault ?? []));
    expect([...kinds].toSorted()).toEqual(Object.keys(NETWORK_FAULTS).toSorted());
    expect(
      Math.max(...fates.flatMap(({ waitMs = 0, duplicateAfterMs = 0 }) => [waitMs, duplicateAfterMs])),
    ).toBeLessThan(LATEST_MS);
    expect(fatesOf(new RandomNetwork(new Chance(1), "ann"))).toEqual(fates);
    expect(fatesOf(new RandomNetwork(new Chance(1), "bob"))).not.toEqual(fates);
  });

  it("keeps every front end within δ of the common clock", () => {
    for (const { frontEndMs = Infinity } of fatesOf(new RandomNetwork(new Chance(2), "ann"))) {
      expect(Math.abs(frontEndMs)).toBeLessThan(250);
    }
  });

  it("strikes writes more often than reads, nothing when calm, and never what is left out", () => {
    const struck = (network: RandomNetwork, operation: string): number =>
      fatesOf(network, operation).filter(({ fault }) => fault !== undefined).length;
    const network = new RandomNetwork(new Chance(3), "ann", ["no date"]);
    expect(struck(network, "UpdateItem")).toBeGreaterThan(1.5 * struck(network, "GetItem"));
    expect(fatesOf(network).map(({ fault }) => fault)).not.toContain("no date");
    network.calm = true;
    expect(struck(network, "UpdateItem")).toBe(0);
  });

  it("knows what every kind of fault does", () => {
    for (const kind of Object.keys(NETWORK_FAULTS) as NetworkFault[]) {
      expect(fateOf(kind, new Draws(7)).fault).toBe(kind);
    }
  });
});
