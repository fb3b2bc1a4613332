import { vi } from "vitest";
import { startEngine } from "../../local/engine.ts";
import { engineGround } from "../support/worlds.ts";
import { contract } from "./contract.ts";

// Most of these tests wait for real time to pass: they wait together.
vi.setConfig({ maxConcurrency: 12 });

contract("the embedded engine", async () => {
  const engine = await startEngine();
  const ground = await engineGround(engine.endpoint);
  return {
    world: ground.world,
    async [Symbol.asyncDispose]() {
      await ground[Symbol.asyncDispose]();
      await engine.stop();
    },
  };
});
