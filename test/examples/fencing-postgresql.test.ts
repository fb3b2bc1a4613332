import { PGlite } from "@electric-sql/pglite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inFencedTransaction, setBalance, TABLES } from "../../examples/fencing/postgresql.ts";
import { leaseErrorOf } from "../support/failures.ts";

const OLD = { name: "job", token: 1_767_225_600_437 };
const NEW = { name: "job", token: 1_767_225_600_438 };

let postgres: PGlite;

beforeAll(async () => {
  postgres = new PGlite();
  await postgres.exec(TABLES);
});

afterAll(() => postgres.close());

async function balanceOf(id: string): Promise<number | undefined> {
  const { rows } = await postgres.query<{ balance: number }>("SELECT balance FROM account WHERE id = $1", [
    id,
  ]);
  return rows[0]?.balance;
}

const open = (id: string, balance: number): Promise<unknown> =>
  postgres.query("INSERT INTO account (id, balance, fence) VALUES ($1, $2, 0)", [id, balance]);

describe("the PostgreSQL recipe of one statement", () => {
  it("creates and changes a row under rising tokens, and refuses a lower one", async () => {
    await setBalance(postgres, OLD, "a", 1);
    await setBalance(postgres, OLD, "a", 2);
    await setBalance(postgres, NEW, "a", 3);
    await leaseErrorOf(setBalance(postgres, OLD, "a", 4), "FENCED");
    expect(await balanceOf("a")).toBe(3);
    await setBalance(postgres, NEW, "a", 5);
    expect(await balanceOf("a")).toBe(5);
  });

  it("does not raise the mark where the statement fails", async () => {
    await setBalance(postgres, OLD, "b", 1);
    await expect(setBalance(postgres, NEW, "b", null as never)).rejects.toThrow(/not-null/);
    await setBalance(postgres, OLD, "b", 2);
    expect(await balanceOf("b")).toBe(2);
  });
});

describe("the PostgreSQL recipe of one transaction", () => {
  const move = (from: string, to: string, amount: number) => async (): Promise<string> => {
    await postgres.query("UPDATE account SET balance = balance - $2 WHERE id = $1", [from, amount]);
    await postgres.query("UPDATE account SET balance = balance + $2 WHERE id = $1", [to, amount]);
    return "moved";
  };

  it("does the work of the term that is not older than those before, all of it or nothing", async () => {
    for (const id of ["c", "d"]) await open(id, 10);
    expect(await inFencedTransaction(postgres, OLD, move("c", "d", 1))).toBe("moved");
    expect(await inFencedTransaction(postgres, NEW, move("c", "d", 2))).toBe("moved");
    await leaseErrorOf(inFencedTransaction(postgres, OLD, move("c", "d", 4)), "FENCED");
    expect([await balanceOf("c"), await balanceOf("d")]).toEqual([7, 13]);
  });

  it("rolls the mark back with the work: a term that failed bars nobody", async () => {
    const lease = { name: "another job", token: 5 };
    await open("e", 10);
    const failing = async (): Promise<never> => {
      await move("e", "e", 1)();
      throw new Error("in the midst of it");
    };
    await expect(inFencedTransaction(postgres, { ...lease, token: 9 }, failing)).rejects.toThrow(
      "in the midst",
    );
    expect(await inFencedTransaction(postgres, lease, async () => balanceOf("e"))).toBe(10);
  });

  it("bounds how long a pause in the midst of it keeps a successor waiting, for that transaction alone", async () => {
    const timeout = async (): Promise<unknown> =>
      (await postgres.query("SHOW idle_in_transaction_session_timeout")).rows;
    expect(await inFencedTransaction(postgres, NEW, timeout)).toEqual([
      { idle_in_transaction_session_timeout: "10s" },
    ]);
    expect(await timeout()).toEqual([{ idle_in_transaction_session_timeout: "0" }]);
  });
});
