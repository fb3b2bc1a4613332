import type { Checker } from "../history.ts";
import { nameOf } from "./claims.ts";
import { canBeProven, openingsOf } from "./proofs.ts";

/**
 * While a reservation can not be proven to be over, nobody begins a term but whom it is for; and a handle that
 * releases keeps the lease for the successor that it was told of.
 */
export const reservations: Checker = (history) =>
  openingsOf(history).flatMap((opening) => {
    const { event, before, after } = opening;
    const { reservedFor } = before;
    if (reservedFor === undefined || before.holder !== undefined || reservedFor === after.holder) return [];
    if (canBeProven(history, opening, 0)) return [];
    const message = `${nameOf({ holder: after.holder ?? "", token: after.token })} took what is reserved for "${reservedFor}"`;
    return [{ by: "reservations" as const, at: event.at, message }];
  });
