import { expect, it } from "vitest";
import { playOne } from "./drive.ts";
import type { Play } from "./history-of.ts";

const LINKS = 1_000;

it("takes no step before every promise of the last one has proceeded, however long the chain", async () => {
  let links = 0;
  const found: number[] = [];
  const chain = async (): Promise<void> => {
    for (links = 0; links < LINKS; links += 1) await Promise.resolve();
  };
  const play = {
    step() {
      if (found.length > 0 || links > 0) found.push(links);
      if (found.length === 100) return false;
      void chain();
      return true;
    },
    history: () => undefined,
  } as unknown as Play;
  await playOne(play);
  expect(found).toEqual(Array.from({ length: 100 }, () => LINKS));
});
