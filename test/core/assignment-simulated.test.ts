import { describe, expect, it } from "vitest";
import { FAULTS } from "./assignment-faults.ts";
import { change, dozing, KINDS, type Kind, type Outcome, together, waves } from "./assignment-histories.ts";
import type { Rules } from "./assignment-scenario.ts";

type Play = (seed: number, kind: Kind, rules?: Rules) => Outcome;

/** The faults of so many histories of each kind, with the seed that shows them. */
function faultsOf(play: Play, runs: number, rules?: Rules): string[] {
  return KINDS.flatMap((kind) =>
    Array.from({ length: runs }, (_, seed) => play(seed, kind, rules).faults).flatMap((faults, seed) =>
      faults.map((fault) => `${kind}, seed ${seed}: ${fault}`),
    ),
  );
}

// `node test/core/assignment-figures.ts 12000` plays more of them.
describe("workers that look, claim, ask and grant, each for himself", () => {
  it("lead all shards, have their shares and come to rest, whoever came and went, however old their views", () => {
    expect(faultsOf(waves, 20)).toEqual([]);
  });

  it("move the fewest shards when one joins, leaves or comes back, with one request for each and no claim refused", () => {
    expect(faultsOf(change, 8)).toEqual([]);
  });

  it("never try for the same shard when they see the same", () => {
    expect(faultsOf(together, 6)).toEqual([]);
  });

  it("do not wait for those who count as members and do not look", () => {
    expect(faultsOf(dozing, 5)).toEqual([]);
  });
});

describe("the simulation finds a worker that", () => {
  const found: Readonly<Record<keyof typeof FAULTS, [play: Play, sentence: string]>> = {
    "ignores weights": [waves, "are its share"],
    "ignores caps": [waves, "of at most"],
    "claims up to the ceiling at once": [together, "claims are refused"],
    "claims up to the floor only": [waves, "shards are led by nobody"],
    "claims all that is free": [waves, "are its share"],
    "claims in one order for all": [together, "claims are refused"],
    "leaves what another should have claimed to it for ever": [dozing, "left to those who doze"],
    "has no patience with others": [together, "claims are refused"],
    "forgets whose a shard was": [change, "other shards than before"],
    "does not know what is kept for others": [change, "claims are refused"],
    "never asks": [waves, "are its share"],
    "asks the emptiest": [waves, "it does not come to rest"],
    "asks one holder for all": [change, "moves where"],
    "asks again for what it has asked for": [change, "requests where"],
    "grants nothing": [waves, "are its share"],
    "grants without counting": [dozing, "are its floor"],
    "grants below the ceiling only to nobody": [waves, "are its share"],
    "grants to whoever asks, needy or not, one by one": [change, "gives to one who has enough"],
    "grants to the dead": [waves, "gives to the dead"],
    "gives up what nobody asked for": [waves, "gives what nobody asked for"],
    "counts what is leaving as its own": [change, "are its floor"],
  };

  it.each(Object.entries(FAULTS))("%s", (fault, rules) => {
    const [play, sentence] = found[fault] as [Play, string];
    for (let seed = 0; seed < 200; seed += 1)
      for (const kind of KINDS)
        if (play(seed, kind, rules).faults.some((text) => text.includes(sentence))) return;
    expect.fail(`200 seeds do not show that it ${fault}`);
  });
});
