/**
 * What a pipe's enrichment makes of records of the lease table's stream. This file is the source of a Lambda function: it imports
 * nothing, and `leadership-events-code.ts` holds what it is compiled to. A test compares the two.
 */

/** An item as a stream's record carries it, as far as it is read here. */
type Image = Readonly<Record<string, { readonly S?: string; readonly N?: string }>>;

/** A record of the table's stream, as a pipe hands it on. */
export interface StreamRecord {
  readonly eventID?: string;
  readonly eventName?: string;
  /** Who deleted the item, where nobody asked for it. */
  readonly userIdentity?: { readonly type?: string; readonly principalId?: string };
  readonly dynamodb?: {
    /** Epoch seconds. */
    readonly ApproximateCreationDateTime?: number | string;
    readonly OldImage?: Image;
    readonly NewImage?: Image;
  };
}

/** The kinds of change, as the events' `detail-type` says them. */
export type LeadershipDetailType = "Leadership Acquired" | "Leadership Taken Over" | "Leadership Released";

/** What an event says of a change of holder. Times are ISO 8601 in UTC; what the row did not have is left out. */
export interface LeadershipDetail {
  /** The lease's name. */
  readonly lease: string;
  /** Id of the candidate that leads now, or, of `Leadership Released`, that led. */
  readonly holder: string;
  /** The fencing token that the write put into the row. A correction that follows it within a second may change it. */
  readonly token: number;
  /** Which term since the row came to be, counted from 1: ties a term's beginning to its end. */
  readonly term: number;
  /** The row's revision, which orders the changes of one lease; absent where the row was deleted. */
  readonly revision?: number;
  /** Whose term was still in the row: of `Leadership Taken Over`. */
  readonly previousHolder?: string;
  /** The token of the term before, where the row knew of one. */
  readonly previousToken?: number;
  /** When the term before was last renewed, and until when it was to last: of `Leadership Taken Over`. */
  readonly previousRenewedAt?: string;
  readonly previousExpiresAt?: string;
  /** When the term began. */
  readonly acquiredAt?: string;
  /** When the holder last wrote: of `Leadership Released`. */
  readonly renewedAt?: string;
  /** Until when the term lasts, or would have lasted, without renewal. */
  readonly expiresAt?: string;
  /** The holder's priority, where it has one. */
  readonly priority?: number;
  /** The occurrence of a schedule that this change has recorded. */
  readonly tick?: string;
  /** Who had requested a hand-over; "" for an operator who named nobody: of `Leadership Released`. */
  readonly requestedBy?: string;
  /** Whom the vacancy is kept for: an id, "@" and an affinity, or "" for nobody; until when: of `Leadership Released`. */
  readonly reservedFor?: string;
  readonly reservedUntil?: string;
  /** How the row came to have no holder: a write vacated it, somebody deleted it, or DynamoDB did when its time to live was over. */
  readonly cause?: "vacated" | "deleted" | "ttl";
  /** The same in every copy of an event: the id of the stream's record. */
  readonly changeId?: string;
}

/** What the enrichment hands on for a record. */
export interface ToldChange {
  readonly detailType: LeadershipDetailType;
  /** When the table changed, to the second, by DynamoDB's clock. */
  readonly time: string;
  readonly detail: LeadershipDetail;
}

/** Tells the changes of holder among records of the table's stream, in their order. Whatever else changed is left out. */
export function leadershipChanges(records: readonly StreamRecord[]): ToldChange[] {
  const number = (image: Image, key: string): number | undefined => {
    const value = Number(image[key]?.N ?? Number.NaN);
    return Number.isFinite(value) ? value : undefined;
  };
  const instant = (ms: number | undefined): string | undefined =>
    ms !== undefined && Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : undefined;
  const at = (image: Image, key: string): string | undefined => instant(number(image, key));

  return records.flatMap(({ eventID, eventName, userIdentity, dynamodb = {} }): ToldChange[] => {
    const { OldImage: was = {}, NewImage: is = {} } = dynamodb;
    const leads = is["holder"]?.S;
    const led = was["holder"]?.S;
    const begins = leads !== undefined && is["transitions"]?.N !== was["transitions"]?.N;
    if (!begins && (led === undefined || leads !== undefined)) return [];
    const isTtl = userIdentity?.principalId === "dynamodb.amazonaws.com";
    const cause: LeadershipDetail["cause"] = eventName !== "REMOVE" ? "vacated" : isTtl ? "ttl" : "deleted";
    const tick = is["tick"]?.S;
    const of = begins ? is : was;
    const detail: LeadershipDetail = {
      lease: of["pk"]?.S ?? "",
      holder: (begins ? leads : led) ?? "",
      token: number(of, "token") ?? 0,
      term: number(of, "transitions") ?? 0,
      revision: number(is, "revision"),
      acquiredAt: at(of, "acquiredAt"),
      expiresAt: at(of, "expiresAt"),
      priority: number(of, "priority"),
      tick: tick === was["tick"]?.S ? undefined : tick,
      changeId: eventID,
      ...(begins ? { previousToken: number(was, "token") } : undefined),
      ...(begins && led !== undefined
        ? {
            previousHolder: led,
            previousRenewedAt: at(was, "renewedAt"),
            previousExpiresAt: at(was, "expiresAt"),
          }
        : undefined),
      ...(begins
        ? undefined
        : {
            renewedAt: at(was, "renewedAt"),
            requestedBy: was["requestedBy"]?.S,
            reservedFor: is["reservedFor"]?.S,
            reservedUntil: at(is, "expiresAt"),
            cause,
          }),
    };
    const kind = begins ? (led === undefined ? "Acquired" : "Taken Over") : "Released";
    const created = Number(dynamodb.ApproximateCreationDateTime) * 1_000;
    const time = instant(created) ?? new Date().toISOString();
    return [{ detailType: `Leadership ${kind}`, time, detail }];
  });
}
