import type { Handover } from "../core/term.ts";

/** The way of one term from being asked for a hand-over to the end of its work. */
export interface Draining {
  /** Resolves when a hand-over begins; never, if none does. */
  readonly handover: Promise<Handover>;
  /** The hand-over that has begun. */
  readonly begun: Handover | undefined;
  /** Begins, unless it has begun. */
  begin(handover: Handover): void;
  /** Hands over to somebody else, once begun. */
  redirect(to: string | undefined): void;
}

/** Makes the draining of one term. */
export function draining(): Draining {
  let begun: Handover | undefined;
  let announce: (handover: Handover) => void = () => undefined;
  const handover = new Promise<Handover>((resolve) => {
    announce = resolve;
  });
  return {
    handover,
    get begun() {
      return begun;
    },
    begin(how) {
      if (begun !== undefined) return;
      begun = how;
      announce(how);
    },
    redirect(to) {
      if (begun !== undefined) begun = { ...begun, to };
    },
  };
}
