import { LeaseClient } from "leasehold";

/** For any service of the account: who leads, and where to reach it. */
export async function whoLeads(name: string): Promise<string> {
  await using leases = new LeaseClient({ tableName: process.env["LEASE_TABLE_NAME"] });
  const { kind, holder, value } = await leases.get(name);
  return kind === "held" ? `${holder} leads at ${JSON.stringify(value)}` : "nobody leads";
}
