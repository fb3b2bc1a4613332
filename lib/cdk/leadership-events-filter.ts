import { LEASE_TABLE_SCHEMA } from "../dynamodb/schema.ts";

/** A pattern as pipes match a record of a table's stream with it. */
type Pattern = Readonly<Record<string, unknown>>;

const { sortKey, leaseSortKey } = LEASE_TABLE_SCHEMA;
const EXISTS = [{ exists: true }];
const IS_ABSENT = [{ exists: false }];
const endsWith = (digits: string): unknown[] => Array.from(digits, (suffix) => ({ suffix }));
const EVEN = endsWith("02468");
const ODD = endsWith("13579");

/**
 * Which records of the lease table's stream leave it: those in which the holder changes, and no others. A renewal, a
 * resumption, a correction, a request and an auxiliary row stay behind.
 *
 * A pattern cannot compare a row's two images. But a write that begins a term adds 1 to `transitions`, and no other write
 * touches it. So a term began where the number was even and is odd, or was odd and is even. The last digit tells, since
 * DynamoDB writes whole numbers below 10^38 without an exponent. A term ended where there was a holder and is none.
 */
export const LEADERSHIP_PATTERNS: readonly Pattern[] = [
  onLease({ OldImage: { transitions: { N: EVEN } }, NewImage: { transitions: { N: ODD } } }),
  onLease({ OldImage: { transitions: { N: ODD } }, NewImage: { transitions: { N: EVEN } } }),
  // The first term of a row, or of one that somebody wrote by hand.
  onLease({
    OldImage: { transitions: { N: IS_ABSENT } },
    NewImage: { transitions: { N: EXISTS }, holder: { S: EXISTS } },
  }),
  onLease({ OldImage: { holder: { S: EXISTS } }, NewImage: { holder: { S: IS_ABSENT } } }),
];

/**
 * Beside the row of a lease there are auxiliary rows, which are written often; and a group has rows of sessions and shards. A session that
 * ends frees thousands of shards with one write, which says nothing of any of them: so nothing is told of shards.
 */
function onLease(images: Pattern): Pattern {
  return { dynamodb: { Keys: { [sortKey]: { S: [leaseSortKey] } }, ...images } };
}
