import type { Output } from "../output.ts";
import { howMany } from "../text.ts";
import type { Bill } from "./bill.ts";
import type { Plan } from "./requests.ts";

/** Shows a number to people: whole where it is large, and never as 0 where it is not. */
export function numberOf(value: number): string {
  if (value >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString("en");
  return Number(value.toPrecision(3)).toLocaleString("en", { maximumSignificantDigits: 3 });
}

/** Shows dollars: to the cent, and those below a cent as such. */
export function dollarsOf(usd: number): string {
  if (usd > 0 && usd < 0.01) return "< 0.01";
  return usd.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

/** Says in a line what is reckoned. */
function planLine({ leases, shape }: Plan): string {
  const count = howManyOf(leases, "lease");
  switch (shape.as) {
    case "single":
      return `${count}, held all the time; ${howManyOf(shape.standbys, "standby")} for each`;
    case "schedule":
      return `${count} of scheduled functions; ${howManyOf(shape.standbys, "refused invocation")} at each tick`;
    case "group":
      return `${count} in ${howManyOf(shape.groups, "group")}, each held by one process`;
    case "workers":
      return `${count} in ${howManyOf(shape.groups, "group")}, each shared by ${howManyOf(shape.workers, "worker")}`;
    default:
      return shape satisfies never;
  }
}

/** Draws a bill for people. */
export function pictureOf(output: Output, plan: Plan, { items, usd, limits }: Bill): string {
  const month = output.tableOf(
    [
      { title: "EACH MONTH", least: 12 },
      { title: "A SECOND", leftOut: 1 },
      { title: "REQUESTS" },
      { title: "UNITS" },
      { title: "USD" },
    ],
    [
      ...items.map((item) => [
        item.what,
        numberOf(item.perSecond),
        numberOf(item.perMonth),
        `${numberOf(item.unitsPerMonth)} ${item.operation}`,
        dollarsOf(item.usdPerMonth),
      ]),
      ["in all", "", "", "", dollarsOf(usd)],
    ],
  );
  const most = output.tableOf(
    [
      { title: "UNITS A SECOND", least: 12 },
      { title: "HERE" },
      { title: "LIMIT" },
      { title: "SHARE" },
      { title: "REACHED AT", leftOut: 1 },
    ],
    limits.map(({ limit, used, most: bound, share, reachedAt }) => [
      limit,
      numberOf(used),
      numberOf(bound),
      `${numberOf(share * 100)} %`,
      reachedAt === undefined ? "" : howManyOf(reachedAt, "lease"),
    ]),
  );
  const [first] = limits;
  const binds = first === undefined ? "" : `${first.limit}${first.share > 1 ? ", and it is exceeded" : ""}`;
  return [planLine(plan), "", month, "", most, "", `binds first: ${binds}`].join("\n");
}

function howManyOf(number: number, of: string): string {
  return number === 1 ? howMany(1, of) : `${number.toLocaleString("en")} ${of}s`;
}
