/** A figure, and what it may be: at most, at least, or anything, where it is told and not judged. */
export interface Bound {
  /** What was measured on. */
  readonly of: string;
  readonly what: string;
  readonly is: number;
  readonly most?: number;
  readonly least?: number;
}

/** Whether a figure is within its bound. */
export function isMet({ is, most = Infinity, least = -Infinity }: Bound): boolean {
  return is <= most && is >= least;
}
