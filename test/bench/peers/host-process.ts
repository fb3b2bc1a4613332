/** A process that holds and waits for locks of one contender, as it is told by its parent. */
import { monotonicMs } from "../../../local/harness/link.ts";
import type { Driver, Hold, Member } from "./contender.ts";
import { CONTENDERS } from "./contenders.ts";
import type { Acquired, Order, Released, Reply } from "./host.ts";

const contender = CONTENDERS.find(({ id }) => id === process.argv[2]);
const driver = await (contender?.driver() as Promise<Driver>);
const members = new Map<number, Member>();
const holds = new Map<string, Hold>();

// A renewal that fails when its wire has been closed is no reason to end: some contenders leave it unhandled.
process.on("unhandledRejection", () => {});
process.on("disconnect", () => process.exit());
process.on("message", (order: Order) => {
  void carryOut(order)
    .then(
      (value): Reply => ({ id: order.id, value }),
      (error: unknown): Reply => ({ id: order.id, error: String(error), at: monotonicMs() }),
    )
    .then((reply) => process.send?.(reply));
});
process.send?.({ id: 0, value: undefined } satisfies Reply);

async function carryOut(order: Order): Promise<unknown> {
  switch (order.do) {
    case "open":
      members.set(order.member, await driver.open(order.endpoint, order.settings));
      return undefined;
    case "acquire":
      return acquire(memberOf(order.member), order.member, order.name);
    case "release":
      return release(`${order.member} ${order.name}`);
    case "cycles":
      return cycles(memberOf(order.member), order.name, order.count);
    case "close":
      return memberOf(order.member).close();
    default:
      return order satisfies never;
  }
}

function memberOf(member: number): Member {
  const found = members.get(member);
  if (found === undefined) throw new Error(`no member ${member} was opened`);
  return found;
}

async function acquire(member: Member, of: number, name: string): Promise<Acquired> {
  const hold = await member.acquire(name);
  const at = monotonicMs();
  holds.set(`${of} ${name}`, hold);
  return { at, token: hold.token };
}

async function release(key: string): Promise<Released> {
  const hold = holds.get(key);
  if (hold === undefined) throw new Error(`${key} is not held`);
  holds.delete(key);
  const asked = monotonicMs();
  const said = await hold.release();
  return { asked, at: monotonicMs(), said };
}

/** Acquires and releases, one after the other; how long each pair took, in ms. */
async function cycles(member: Member, name: string, count: number): Promise<number[]> {
  const took: number[] = [];
  for (let done = 0; done < count; done += 1) {
    const begun = performance.now();
    const hold = await member.acquire(name);
    await hold.release();
    took.push(performance.now() - begun);
  }
  return took;
}
