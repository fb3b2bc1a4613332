/** Calls a listener that cannot disturb: what it throws, at once or later, is dropped, and nobody waits for it. */
export function undisturbed(tell: () => unknown): void {
  try {
    // Not only of this realm's promises can one be rejected that nobody handles.
    void Promise.resolve(tell()).catch(() => undefined);
  } catch {
    // Dropped, as each listener's documentation says.
  }
}
