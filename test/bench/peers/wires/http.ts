import { Link } from "../../../../local/harness/link.ts";
import { Ledger } from "./ledger.ts";
import type { Wire } from "./wire.ts";

/** A wire to a DynamoDB engine: the link of the torture test, which loses an answer here. */
export async function openHttpWire(engine: string): Promise<Wire> {
  const ledger = new Ledger();
  const link = await Link.open({
    engine,
    traffic: {
      fateOf: (operation) => {
        const loss = ledger.count(operation);
        if (loss === undefined) return {};
        return { fault: loss === "broken" ? "lost response" : "hung response" };
      },
      onExchange: () => {},
    },
  });
  return {
    endpoint: link.endpoint,
    take: () => ledger.take(),
    loseNext: (operations, how) => ledger.loseNext(operations, how),
    [Symbol.asyncDispose]: () => link.close(),
  };
}
