import type { Assignment } from "../../lambda/invoice-table.ts";
import type { Books } from "../../local/harness/books.ts";

/** A number that a term gave to an invoice. */
export function given(number: number, invoiceId: string, token: number): Assignment {
  const times = { startedAt: "", assignedAt: "" };
  return {
    number,
    invoiceId,
    token,
    term: `${token}`,
    tick: "",
    executionId: "",
    requestId: `request-${token}`,
    ...times,
  };
}

/** The books after some assignments, each invoice with the number that it was given last. */
export function books(assignments: readonly Assignment[], more: Partial<Books> = {}): Books {
  const numbers = new Map(assignments.map(({ invoiceId, number }) => [invoiceId, number]));
  return { invoices: [...numbers].map(([id, number]) => ({ id, number })), pending: 0, assignments, ...more };
}
