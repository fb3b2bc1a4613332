import { LeaseClient } from "leasehold";

/** A client in a region that has no copy of the table: it talks to the region that the ARN names. */
export function clientElsewhere(): LeaseClient {
  return new LeaseClient({ tableName: "arn:aws:dynamodb:us-east-1:111111111111:table/leases" });
}
