import type { Check, History } from "./history.ts";

/**
 * The row's own history is whole and linear: one accepted write upon each revision, none applied twice, ticks that
 * never fall; and what the runner saw past the proxy agrees with it. One write may be applied twice, and the
 * protocol says so: a claim whose token was corrected down, in a term that nobody is told of.
 */
export const checkRow: Check<Pick<History, "states" | "writesUpon" | "contradictions" | "seen">> = ({
  states,
  writesUpon,
  contradictions,
  seen,
}) => {
  const wrong = [...contradictions];
  const last = Math.max(0, ...seen.map(({ revision }) => revision));
  const revisionOfWrite = new Map<string, number>();
  let tick: string | undefined;
  for (let revision = 0; revision < last; revision += 1) {
    const times = writesUpon.get(revision) ?? 0;
    if (times !== 1) wrong.push(`upon revision ${revision} the engine accepted ${times} writes`);
    const state = states.get(revision + 1);
    if (state === undefined) {
      wrong.push(`revision ${revision + 1} was never seen`);
      continue;
    }
    const earlier = revisionOfWrite.get(state.writeId);
    if (earlier !== undefined && !wasCorrectedDown(states, earlier)) {
      wrong.push(`write ${state.writeId} was applied twice, at revisions ${earlier} and ${revision + 1}`);
    }
    revisionOfWrite.set(state.writeId, revision + 1);
    if (tick !== undefined && (state.tick === undefined || state.tick < tick)) {
      wrong.push(`the tick fell from ${tick} to ${state.tick} at revision ${revision + 1}`);
    }
    tick = state.tick;
  }
  for (const [index, state] of seen.entries()) {
    const before = seen[index - 1];
    if (before !== undefined && state.revision < before.revision) {
      wrong.push(`the row went back from revision ${before.revision} to ${state.revision}`);
    }
    if (states.get(state.revision)?.writeId !== state.writeId) {
      wrong.push(`revision ${state.revision} looks different past the proxy`);
    }
  }
  return wrong;
};

/** Whether the write upon a state made its term's token lower. */
function wasCorrectedDown(states: History["states"], revision: number): boolean {
  const state = states.get(revision);
  const next = states.get(revision + 1);
  if (state === undefined || next === undefined) return false;
  return next.holder === state.holder && next.token < state.token;
}
