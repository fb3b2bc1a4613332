import type { Menu } from "./menu.ts";
import { IDS, isSpent, sessionOf, type Write } from "./rows.ts";
import { deleteSession, deliver, isLongOver, passLongTime, receive, type World } from "./world.ts";

/** So many writes may be on their way at once. */
const CROWD = 10;

const WORDS: Readonly<Record<Write["do"], string>> = {
  open: "opening",
  correct: "correction",
  renew: "renewal",
  close: "closing",
  bury: "burial",
  ring: "bell",
  claim: "claim",
  release: "release",
  abandon: "abandon",
  void: "void",
  revoke: "revoke",
};

const named = ({ by, life, do: what }: Write): string => `the ${WORDS[what]} of ${by}${"'".repeat(life)}`;

/** Offers what may become of the writes on their way: each arrives, once or more often, or is lost. */
export function writesArrive(world: World, menu: Menu): void {
  const { network, answers } = world;
  // Many late writes would drown everything else. Those that can change nothing are lost first.
  if (network.length > CROWD) {
    const spent = network.findIndex(({ write }) => isSpent(world.table, write));
    network.splice(spent < 0 ? CROWD / 2 : spent, 1);
  }
  const share = Math.min(1, 4 / network.length);
  for (const [at, message] of network.entries()) {
    const { write } = message;
    const weight = share * (isSpent(world.table, write) ? 0.2 : 1);
    const arrive = (isCopy: boolean, isAnswered: boolean) => (): void => {
      if (!isCopy) network.splice(at, 1);
      const answer = deliver(world, message);
      if (isAnswered) answers.push(answer);
    };
    const says = (what: (name: string) => string) => (): string => what(named(write));
    menu.offer(
      `${write.do} arrives`,
      weight,
      says((name) => `${name} arrives`),
      arrive(false, true),
    );
    const copy = says((name) => `a copy of ${name} arrives`);
    menu.offer(`copy of ${write.do}`, weight * 0.3, copy, arrive(true, true));
    const unanswered = says((name) => `${name} arrives, and its answer is lost`);
    menu.offer(`${write.do} unanswered`, weight * 0.15, unanswered, arrive(false, false));
    menu.offer(
      "loss",
      weight * 0.1,
      says((name) => `${name} is lost`),
      () => void network.splice(at, 1),
    );
  }
}

/** Offers that a worker hears of a write. An answer may be as late as any. */
export function answersArrive(world: World, menu: Menu): void {
  const { answers } = world;
  for (const [at, answer] of answers.entries()) {
    const { to } = answer;
    menu.offer(
      `hear of ${to.do}`,
      2,
      () => `${to.by} hears of ${named(to)}`,
      () => {
        answers.splice(at, 1);
        receive(world, answer);
      },
    );
  }
}

/** Offers that TTL deletes what has been over for long. */
export function longTimes(world: World, menu: Menu): void {
  for (const id of IDS) {
    if (!isLongOver(world, id)) continue;
    menu.offer(
      "ttl session",
      0.1,
      () => `TTL deletes the session of ${id}`,
      () => deleteSession(world, id),
    );
  }
  const { shard } = world.table;
  if (shard === undefined || shard.holder !== undefined) return;
  menu.offer(
    "ttl shard",
    0.005,
    () => "TTL deletes the vacant shard",
    () => {
      passLongTime(world);
      world.table.shard = undefined;
      // A month has passed. DynamoDB refuses a request that was signed more than minutes ago, so none of then is still on its way.
      world.network = world.network.filter(({ write }) => sessionOf(write) !== undefined);
    },
  );
}
