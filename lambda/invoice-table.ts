/** The keys of the invoice table: partition key `pk`, sort key `sk`. */
export const invoiceKeys = {
  /** An invoice, from its receipt on. Carries `number` once it has one. */
  invoice: (id: string) => ({ pk: "invoice", sk: id }),
  /** Says that the invoice waits for a number. */
  pending: (id: string) => ({ pk: "pending", sk: id }),
  /** Holds the number given last, in `last`. */
  counter: { pk: "counter", sk: "invoices" },
  /** One number given by one term. Nothing overwrites it: what went wrong stays visible. */
  assignment: (term: string, number: number) => ({
    pk: "assignment",
    sk: `${term}#${String(number).padStart(9, "0")}`,
  }),
} as const;

/** What one term did with one number, as the witness row keeps it. */
export interface Assignment {
  readonly number: number;
  readonly invoiceId: string;
  /** Who gave it: the fencing token, or a made-up id where there is no election. */
  readonly term: string;
  /** The fencing token; absent where there is no election. */
  readonly token?: number | undefined;
  readonly tick: string;
  readonly executionId: string;
  readonly requestId: string;
  /** When the run that gave it began and when it was about to be given; ISO-8601, this process's clock. */
  readonly startedAt: string;
  readonly assignedAt: string;
}
