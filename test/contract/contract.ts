import { afterAll, beforeAll, describe } from "vitest";
import type { Ground, World } from "../support/worlds.ts";
import { acquireClaims } from "./acquire.ts";
import { campaignClaims } from "./campaign.ts";
import { candidateClaims } from "./candidate.ts";
import { groupClaims } from "./groups.ts";
import { groupOperatingClaims } from "./groups-operating.ts";
import { handoverClaims } from "./handover.ts";
import { holdClaims } from "./hold.ts";
import { holdingClaims } from "./holding.ts";
import { modelClaims } from "./model.ts";
import { auxiliaryRowClaims } from "./auxiliary-rows.ts";
import { observingClaims } from "./observing.ts";
import { operatingClaims } from "./operating.ts";
import { releaseClaims } from "./release.ts";
import { requestClaims } from "./requests.ts";
import { resumeClaims } from "./resume.ts";
import { scheduleClaims } from "./schedules.ts";
import { affinityClaims } from "./affinity.ts";
import { semaphoreClaims } from "./semaphores.ts";
import { storeClaims } from "./store.ts";
import { takeOverClaims } from "./take-over.ts";
import { valueClaims } from "./values.ts";
import { writeClaims } from "./writes.ts";

/** Makes a world for one test. */
export type MakeWorld = () => World;

/**
 * What every store has to promise, and what elections on it then promise. Numbers with a hash are those of
 * the scenarios that the field's own test suites assert.
 */
export function contract(name: string, makeStore: () => Promise<Ground>): void {
  describe.concurrent(name, () => {
    let ground: Ground | undefined;
    beforeAll(async () => {
      ground = await makeStore();
    });
    afterAll(async () => {
      await ground?.[Symbol.asyncDispose]();
    });
    const world: MakeWorld = () => {
      if (ground === undefined) throw new Error("there is no store to test");
      return ground.world();
    };

    describe("a store", () => {
      storeClaims(world);
      writeClaims(world);
      valueClaims(world);
      modelClaims(world);
      auxiliaryRowClaims(world);
    });
    describe("an election", () => {
      acquireClaims(world);
      requestClaims(world);
      takeOverClaims(world);
      holdClaims(world);
      releaseClaims(world);
      campaignClaims(world);
      scheduleClaims(world);
      holdingClaims(world);
      affinityClaims(world);
    });
    describe("a long-lived candidate", () => {
      candidateClaims(world);
      handoverClaims(world);
      resumeClaims(world);
      observingClaims(world);
      operatingClaims(world);
    });
    describe("a group", () => {
      groupClaims(world);
      groupOperatingClaims(world);
      semaphoreClaims(world);
    });
  });
}
