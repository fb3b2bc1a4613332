/** A history that once went wrong. */
export interface Regression {
  readonly seed: number;
  readonly scenario: string;
  /** What it found, in a line. */
  readonly found: string;
}

/**
 * Histories that failed, each with what it found. Worlds change and seeds with them: where a world was made
 * harsher, the seed here is one that brings the same bug out in the world as it is.
 */
export const REGRESSIONS: readonly Regression[] = [
  {
    scenario: "pauses",
    seed: 59,
    found:
      "a stall between winning and making the handle ended the term before the client knew the handle: acquire threw a ReferenceError",
  },
  {
    scenario: "hand-over",
    seed: 512_001_883,
    found:
      "the checker's fault: a renewal that was decided before the release, in the same instant, was taken for one after it",
  },
  {
    scenario: "lambda",
    seed: 501_003_216,
    found:
      "the checker's fault: a client was closed in the instant in which its work was done; the release, on its way by then, rightly did not record the occurrence",
  },
  {
    scenario: "lambda",
    seed: 505_000_840,
    found: "the checker's fault: the same, and the release was sent once more, since nobody had answered it",
  },
  {
    scenario: "operators",
    seed: 510_002_164,
    found:
      "the checker's fault: backups had brought one token out four times, and a late copy of a take-over of the first of these terms took the row of the last",
  },
  {
    scenario: "limits",
    seed: 314,
    found:
      "two leaders: a renewal cut short by termLimitMs under a wall clock that had stepped ahead landed unanswered, and the clock stepped back",
  },
  {
    scenario: "days",
    seed: 675,
    found:
      "a correction landed between the two writes that abandon a claim, latest first, and the row stayed held by nobody",
  },
  {
    scenario: "lambda",
    seed: 223,
    found:
      "a copy of a claim was applied again after its correction had lowered the token and its term was released; nobody leads by it",
  },
  {
    scenario: "limits",
    seed: 10_018_582,
    found:
      "a renewal that shortened the validity left the timer of the end where it was: the signal was aborted late",
  },
  {
    scenario: "resume",
    seed: 20_216,
    found:
      "the last release of a dead process arrived after the next process of its stable id had gone on with the term, and vacated it",
  },
  {
    scenario: "resume",
    seed: 20_016,
    found: "a term that ended between its handle and its listener was announced as won, and its end never",
  },
  {
    scenario: "hold",
    seed: 20199,
    found: "an unanswered resumption was abandoned, which vacated the row and undid the term's lock-delay",
  },
  {
    scenario: "hold",
    seed: 20205,
    found: "an unanswered take-over of its own ended term was abandoned, and its minimum hold with it",
  },
  {
    scenario: "hold",
    seed: 9363,
    found:
      "a win after the caller had stopped waiting was given back with its minimum hold: closed for nobody's term",
  },
  {
    scenario: "hand-over",
    seed: 20126,
    found: "a late copy of an operator's request brought back what a later request had replaced",
  },
  {
    scenario: "resume",
    seed: 31836,
    found: "an unanswered resumption was abandoned, which vacated the row and undid the term's lock-delay",
  },
  {
    scenario: "hand-over",
    seed: 60_088_150,
    found:
      "a late copy of an operator's request for X was applied again, after X, Y and X again had been asked for",
  },
  {
    scenario: "hold",
    seed: 72_001_758,
    found:
      "a win over its own ended term, given back since nobody waited for it, opened the lease within that term's minimum hold",
  },
  {
    scenario: "shards",
    seed: 12,
    found:
      "a shard that was kept for a worker which then died was claimed by nobody any more: looks did not remember reservations",
  },
  {
    scenario: "weights",
    seed: 22,
    found:
      "a worker asked for a shard that it had just given up, and left it unclaimed when it was handed over",
  },
  {
    scenario: "shards-network",
    seed: 1_000_115,
    found:
      "the checker's fault: a process took over its own unanswered claim through another of its sessions, and nobody had been told of it",
  },
  {
    scenario: "sleepers",
    seed: 710_000_648,
    found:
      "the checker's fault: a worker stalled, and then claimed a shard whose rest was over; the claim was dated before the stall",
  },
  {
    scenario: "shards",
    seed: 710_000_970,
    found: "the checker's fault: the same of a request to hand over",
  },
  {
    scenario: "bells",
    seed: 710_000_411,
    found:
      "the world's fault: a shard was revoked while its work came to an end; its release was refused, and nobody asked the holder, which led no more",
  },
  {
    scenario: "bells",
    seed: 900_018,
    found:
      "the checker's fault: a holder that had not heard of a revoke said that it led beside its successor, and only one of two was looked at",
  },
  {
    scenario: "bells",
    seed: 900_029,
    found: "the checker's fault: others followed before whoever left had heard that it has left",
  },
  {
    scenario: "waves",
    seed: 710_000_270,
    found:
      "the checker's fault: shards were released one by one while the work of another went on, and followed before the last was free",
  },
  {
    scenario: "shards",
    seed: 62,
    found:
      "a worker that left while some work went on freed the other shards, and they were dealt to it: nobody led them for four looks",
  },
  {
    scenario: "shard-operators",
    seed: 740_000_438,
    found:
      "the checker's fault: a shard was taken for one that nobody knows of, since a former holder, vacated by force, had not heard yet",
  },
  {
    scenario: "shards-network",
    seed: 740_000_565,
    found:
      "the checker's fault: who followed a worker that left began before that worker had learnt that it left, and was not counted",
  },
  {
    scenario: "shard-operators",
    seed: 740_000_521,
    found:
      "the checker's fault: an operator deleted a session's row whose token a wrong clock had set ahead, and the process opened it again below",
  },
  {
    scenario: "shard-operators",
    seed: 800_003_599,
    found:
      "the checker's fault: a worker thawed and came back as another left, was dealt the shard that it had just given up, and rested from it",
  },
  {
    scenario: "waves",
    seed: 907_001_173,
    found:
      "the checker's fault: a worker that left freed its shards one by one; with the second both were dealt out anew, and the first was left to whoever had looked a moment before",
  },
  {
    scenario: "permits",
    seed: 987_000_108,
    found:
      "an attempt opened the session anew in the turn of the event loop in which somebody closed it: the new one was never closed, and its timers outlived the client. (The code of now plays another history of this seed; test/client/group-waiting.test.ts has the turn.)",
  },
  {
    scenario: "shard-operators",
    seed: 960_000_035,
    found:
      "the checker's fault: a late copy of a claim was found with the look of the minute, and the history ended before the bound was over",
  },
  {
    scenario: "holders",
    seed: 989_000_063,
    found:
      "the checker's fault: a session with a lock-delay ran out for its holder, whose wall clock had stepped, and its row was left to run out",
  },
  {
    scenario: "sleepers",
    seed: 975_000_890,
    found:
      "the checker's fault: work threw in a process that had stalled, after its term was over, which the worker does not take for a failure",
  },
];
