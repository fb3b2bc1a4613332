import { describe, expect, it } from "vitest";
import { Chance } from "../../simulation/world/chance.ts";
import { LATEST_MS, NETWORK_FAULTS, Weather } from "./weather.ts";

const fatesOf = (weather: Weather, operation = "UpdateItem") =>
  Array.from({ length: 5_000 }, () => weather.fateOf(operation));

describe("the weather", () => {
  it("brings every kind of fault, holds nothing back for longer than promised, and repeats by its seed", () => {
    const fates = fatesOf(new Weather(new Chance(1), "ann"));
    const kinds = new Set(fates.flatMap(({ fault }) => fault ?? []));
    expect([...kinds].toSorted()).toEqual(Object.keys(NETWORK_FAULTS).toSorted());
    expect(
      Math.max(...fates.flatMap(({ waitMs, duplicateAfterMs }) => [waitMs, duplicateAfterMs])),
    ).toBeLessThan(LATEST_MS);
    expect(fatesOf(new Weather(new Chance(1), "ann"))).toEqual(fates);
    expect(fatesOf(new Weather(new Chance(1), "bob"))).not.toEqual(fates);
  });

  it("keeps every front end within δ of the common clock", () => {
    for (const { frontEndMs } of fatesOf(new Weather(new Chance(2), "ann"))) {
      expect(Math.abs(frontEndMs)).toBeLessThan(250);
    }
  });

  it("strikes writes more often than reads, nothing when calm, and never what is left out", () => {
    const struck = (weather: Weather, operation: string): number =>
      fatesOf(weather, operation).filter(({ fault }) => fault !== undefined).length;
    const weather = new Weather(new Chance(3), "ann", ["no date"]);
    expect(struck(weather, "UpdateItem")).toBeGreaterThan(1.5 * struck(weather, "GetItem"));
    expect(fatesOf(weather).map(({ fault }) => fault)).not.toContain("no date");
    weather.calm = true;
    expect(struck(weather, "UpdateItem")).toBe(0);
  });
});
