import { type Lease, LeaseError } from "leasehold";

/** One connection: a `Client` of `pg` or what its `Pool` hands out, or a PGlite. */
export interface Connection {
  query(sql: string, values?: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

export const TABLES = `
  CREATE TABLE account (id text PRIMARY KEY, balance bigint NOT NULL, fence bigint NOT NULL);
  CREATE TABLE fence (resource text PRIMARY KEY, token bigint NOT NULL);
`;

/** One row, one statement: the row itself keeps the mark. */
export async function setBalance(
  connection: Connection,
  lease: Pick<Lease, "name" | "token">,
  id: string,
  balance: number,
): Promise<void> {
  const { rows } = await connection.query(
    `INSERT INTO account (id, balance, fence) VALUES ($1, $2, $3)
     ON CONFLICT (id) DO UPDATE SET balance = EXCLUDED.balance, fence = EXCLUDED.fence
     WHERE account.fence <= EXCLUDED.fence
     RETURNING fence`,
    [id, balance, lease.token],
  );
  if (rows.length === 0) throw refused(lease);
}

/** Many statements, one transaction: a row of its own keeps the mark, and is raised first. */
export async function inFencedTransaction<T>(
  connection: Connection,
  lease: Pick<Lease, "name" | "token">,
  work: () => Promise<T>,
): Promise<T> {
  await connection.query("BEGIN");
  try {
    // Whoever pauses in here keeps the row locked and its successor waiting; this bounds it.
    await connection.query("SET LOCAL idle_in_transaction_session_timeout = '10s'");
    const { rows } = await connection.query(
      `INSERT INTO fence (resource, token) VALUES ($1, $2)
       ON CONFLICT (resource) DO UPDATE SET token = EXCLUDED.token
       WHERE fence.token <= EXCLUDED.token
       RETURNING token`,
      [lease.name, lease.token],
    );
    if (rows.length === 0) throw refused(lease);
    const result = await work();
    await connection.query("COMMIT");
    return result;
  } catch (error) {
    await connection.query("ROLLBACK").catch(() => undefined); // the connection may be gone: then it is rolled back
    throw error;
  }
}

function refused({ name, token }: Pick<Lease, "name" | "token">): LeaseError {
  return new LeaseError("FENCED", `a later term than ${token} has written`, { lease: name });
}
