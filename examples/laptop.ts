import { LeaseClient } from "leasehold";

// Region and credentials are those of AWS_PROFILE: the SDK reads what `aws sso login` has left.
await using leases = new LeaseClient({ tableName: process.env["LEASE_TABLE_NAME"] });
for await (const { name, kind, holder, token } of leases.list()) {
  console.log(kind === "held" ? `${name}: ${holder} leads under token ${token}` : `${name}: ${kind}`);
}
