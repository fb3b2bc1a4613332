import type { Check } from "./history.ts";

/** The invoices have the numbers 1 to N without gap or duplicate, and whoever wrote them left a witness. */
export const checkNumbering: Check = ({ books: { invoices, pending, assignments } }) => {
  const wrong: string[] = [];
  const byNumber = new Map<number, string[]>();
  let unnumbered = 0;
  for (const { id, number } of invoices) {
    if (number === undefined) unnumbered += 1;
    else byNumber.set(number, [...(byNumber.get(number) ?? []), id]);
  }
  if (unnumbered > 0) wrong.push(`${unnumbered} of ${invoices.length} invoices have no number`);
  if (pending !== unnumbered) wrong.push(`${pending} invoices wait for a number, ${unnumbered} have none`);
  if (invoices.length === 0) wrong.push("no invoice arrived, so nothing was shown");
  for (const [number, ids] of byNumber) {
    if (ids.length > 1) wrong.push(`number ${number} is on ${ids.length} invoices: ${ids.join(", ")}`);
  }
  const highest = Math.max(0, ...byNumber.keys());
  for (let number = 1; number <= highest; number += 1) {
    if (!byNumber.has(number)) wrong.push(`number ${number} of ${highest} is on no invoice`);
  }
  const givenTo = new Map<number, string>();
  for (const { number, invoiceId, term } of assignments) {
    if (givenTo.has(number)) wrong.push(`number ${number} was given twice, the second time by term ${term}`);
    givenTo.set(number, invoiceId);
  }
  for (const [number, ids] of byNumber) {
    if (givenTo.get(number) !== ids[0])
      wrong.push(`number ${number} has no witness that gave it to ${ids[0]}`);
  }
  return wrong;
};
