import { ELECTION_NAMES, type ElectionOptions, parseElection } from "../core/candidate-options.ts";
import { invalid, isLeaseError, LeaseError } from "../core/errors.ts";
import { type Names, parseKnown } from "../core/known.ts";
import { parseName } from "../core/names.ts";
import { parseTimeout } from "../core/options.ts";
import type { LeaseState } from "../core/record.ts";
import type { ReleaseResult } from "../core/term.ts";
import { parseWholeMs } from "../core/timing.ts";
import { unlessAborted } from "./campaign.ts";
import { Campaigner, type CandidateStatus } from "./campaigner.ts";
import { guarded } from "./guarded-run.ts";
import type { ClientCore } from "./client-core.ts";
import type { LeaseIterator } from "./iteration.ts";
import type { Lease, StepDownOptions } from "./lease.ts";
import type { LeaseHandle } from "./handle.ts";
import { isWorkOf } from "./own-work.ts";
import { announcer, type CandidateListeners, LISTENER_NAMES } from "./listeners.ts";
import { listCandidates } from "./operating.ts";
import { observeLease, type ObserveOptions, readLease } from "./reading.ts";
import { follows, makeWakeup, pause } from "./waiting.ts";

/** Options of `LeaseClient.candidate`. */
export interface CandidateOptions extends ElectionOptions, CandidateListeners {}

const NAMES: Names<CandidateOptions> = { ...ELECTION_NAMES, ...LISTENER_NAMES };

/** Options of `Candidate.campaign`. */
export interface CampaignOptions {
  /** Ends the campaign; no claim is left behind. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How long to campaign at most, in ms.
   * @default - for ever
   */
  readonly timeoutMs?: number | undefined;
}

/** How long a candidate that gave up its term leaves others their turn at least, and up to twice as long, in ms. */
const TURN_MS = 2_000;

/** A campaign or a run that is under way. */
interface Engagement {
  /** Ends it. */
  readonly ender: AbortController;
  /** Resolves once it has ended, however; `undefined` while it has not come to its first wait. */
  settled: Promise<unknown> | undefined;
}

/**
 * A long-lived candidate for one lease: it has one id, campaigns, leads, and campaigns again after a loss.
 *
 * Either `campaign()` and `resign()`, for a program that does its own bookkeeping, or `run()`, which does it all.
 */
export class Candidate implements AsyncDisposable {
  /** The lease that it campaigns for. */
  readonly name: string;
  readonly #core: ClientCore;
  readonly #make: () => Campaigner;
  #made: Campaigner | undefined;
  /** What is going on: a campaign, or a whole run; `undefined` while neither is. */
  #engagement: Engagement | undefined;

  /** Made by `LeaseClient.candidate`. */
  constructor(core: ClientCore, name: string, options: CandidateOptions) {
    core.life.assertOpen();
    parseKnown(options, NAMES, "candidate");
    const term = core.termSettings(options);
    this.name = parseName(name);
    this.#core = core;
    const made = [core, name, term, parseElection(options, term.timing), announcer(options)] as const;
    this.#make = () => new Campaigner(...made);
  }

  /**
   * Its id: the holder on the record while it leads. Drawn when it is first needed, so that processes which start from one
   * image of a memory in which the candidate was made do not share it.
   */
  get id(): string {
    return this.#campaigner.id;
  }

  get #campaigner(): Campaigner {
    this.#made ??= this.#make();
    return this.#made;
  }

  /** The term that it leads in; `undefined` while it does not. */
  get lease(): Lease | undefined {
    return this.#campaigner.lease;
  }

  /**
   * Resolves with the lease once elected; at once with the present one while it leads. The lease renews itself
   * and keeps the process running until `resign()`. After a loss, campaign again.
   * @throws {LeaseError} ABORTED when the signal was aborted or `resign()` called; ACQUIRE_TIMEOUT; INVALID_ARGUMENT while
   *   it campaigns or runs already; CLIENT_CLOSED; TABLE_NOT_FOUND, ACCESS_DENIED and the like
   */
  async campaign(options: CampaignOptions = {}): Promise<Lease> {
    parseKnown(options, { signal: true, timeoutMs: true } satisfies Names<CampaignOptions>, "campaign");
    if (this.#engagement !== undefined) throw this.#busy();
    const { lease: present } = this; // Read once: a term can end between two looks.
    if (present !== undefined) return present;
    const timeoutMs = parseTimeout(options.timeoutMs);
    return this.#engage(options.signal, { stays: true }, async (ended) => {
      const lease = await this.#campaigner.elect(ended, timeoutMs, false);
      if (ended.aborted) await lease.release({ completed: false }); // Its listeners have been told.
      return unlessAborted(lease, ended);
    });
  }

  /**
   * Campaigns, does the work while it leads, and campaigns again after every term, until the signal is aborted or `resign()` is called;
   * then the work is asked to stop (`lease.signal`), and once it has settled the lease is released and `run` resolves.
   *
   * Work that returns gives up its term: others get their turn before this candidate campaigns again, one to two `retryIntervalMs` later,
   * or 2 to 4 s where that is less. What the work throws after its `lease.signal` was aborted is taken for the consequence of that;
   * anything else ends the run.
   *
   * @throws what the work throws, after the release
   * @throws {LeaseError} as {@link campaign}, except ABORTED
   */
  async run(
    work: (lease: Lease) => Promise<unknown>,
    options: { signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    if (typeof work !== "function") throw invalid("work must be a function");
    parseKnown(options, { signal: true }, "run");
    if (this.#engagement !== undefined || this.lease !== undefined) throw this.#busy();
    await this.#engage(options.signal, { stays: false }, (ended) => this.#run(work, ended));
  }

  /**
   * Stops taking part: ends a campaign, or asks the work of `run` to stop and waits for it, and releases what it leads.
   * Resolves with what became of the release, once nothing of it is under way; `undefined` when it did not lead.
   * Never rejects. The work of `run` that calls it is told `pending`, at once: it returns, and the release follows.
   */
  async resign(): Promise<ReleaseResult | undefined> {
    const { latest } = this.#campaigner;
    const engagement = this.#engagement;
    engagement?.ender.abort();
    if (isWorkOf(latest)) return { kind: "pending" };
    await engagement?.settled;
    // A run has released what it led. A campaign may have been won just before it was ended.
    const { lease } = this.#campaigner;
    const released = latest?.releasing ? latest.released : undefined;
    const result = lease === undefined ? await released : await lease.release({ completed: false });
    // Whoever has campaigned anew meanwhile stays listed. What was ended here may still be about to leave.
    const anew = this.#engagement !== undefined && this.#engagement !== engagement;
    if (!anew && this.lease === undefined) await this.#campaigner.leave();
    return result;
  }

  /**
   * Publishes a value as the leader: 1 request, which also renews.
   * @throws {LeaseError} LEASE_LOST when it does not lead, and as `Lease.proclaim`
   */
  async proclaim(value: unknown): Promise<void> {
    await this.#leading().proclaim(value);
  }

  /** Reads who leads: 1 strong read. @throws {LeaseError} as `LeaseClient.get` */
  async leader(): Promise<LeaseState> {
    return readLease(this.#core, this.name);
  }

  /** Follows the lease: the present state first, then changes. @throws {LeaseError} as `LeaseClient.observe` */
  observe(options: ObserveOptions = {}): LeaseIterator {
    return observeLease(this.#core, this.name, options);
  }

  /**
   * Hands over to a candidate of one's choice: the work drains, the lease is released and kept for it.
   * @throws {LeaseError} LEASE_LOST when it does not lead; INVALID_ARGUMENT when nobody with that id is registered
   */
  async transferTo(
    candidateId: string,
    options: Omit<StepDownOptions, "reserveFor"> = {},
  ): Promise<ReleaseResult> {
    parseKnown(options, { reserveForMs: true, drainMs: true }, "transferTo");
    const lease = this.#leading();
    const registered = await listCandidates(this.#core, this.name);
    if (candidateId === this.id || !registered.some(({ id }) => id === candidateId)) {
      throw invalid(
        `no other candidate with id "${candidateId}" stands for "${this.name}"; see candidates()`,
      );
    }
    return lease.stepDown({ ...options, reserveFor: candidateId });
  }

  /**
   * Hands over to whoever comes first, or to `reserveFor` without looking whether it is registered.
   * @throws {LeaseError} LEASE_LOST when it does not lead; INVALID_ARGUMENT
   */
  async stepDown(options: StepDownOptions = {}): Promise<ReleaseResult> {
    return this.#leading().stepDown(options);
  }

  /**
   * Ends the wait for the lease: call it when told that the lease may be free. It looks within 100 ms, or `retryIntervalMs` where that
   * is less, at a random instant: of many that are told at once only the first few then ask for the lease.
   */
  notify(): void {
    this.#campaigner.notify();
  }

  /**
   * Whether the candidate is making progress, for a liveness probe: false when a try or a wait takes longer than it
   * can, or work of `run` goes on after its term ended or its time to drain was up, each by more than `toleranceMs`. A store that is
   * out of reach is no reason: a restart would not help. Reads clocks, sends nothing.
   * @param options.toleranceMs in ms: 0 to a day. @default 5_000
   */
  healthy(options: { readonly toleranceMs?: number } = {}): boolean {
    parseKnown(options, { toleranceMs: true }, "healthy");
    const toleranceMs = parseWholeMs(options.toleranceMs, "toleranceMs", 5_000, 0, 86_400_000);
    return this.#campaigner.overdueMs() <= toleranceMs;
  }

  /** What the candidate is about: its state, since when, and how it gets on with the store. Sends nothing. */
  status(): CandidateStatus {
    return this.#campaigner.status;
  }

  /** Resigns. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.resign();
  }

  /** Does one thing at a time. Whoever does not stay, and whose activity failed, leaves the list of candidates. */
  async #engage<T>(
    follow: AbortSignal | undefined,
    { stays }: { readonly stays: boolean },
    activity: (ended: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const ender = new AbortController();
    const engagement: Engagement = { ender, settled: undefined };
    this.#engagement = engagement;
    const unfollow = follows(ender, follow);
    let leaves = true;
    try {
      const going = activity(ender.signal);
      engagement.settled = going.catch(() => undefined);
      const result = await going;
      leaves = !stays;
      return result;
    } finally {
      unfollow();
      this.#engagement = undefined;
      this.#campaigner.rest();
      if (leaves) await this.#campaigner.leave();
    }
  }

  async #run(work: (lease: Lease) => Promise<unknown>, ended: AbortSignal): Promise<void> {
    const { clock, life, random, timing } = this.#core;
    const closed = makeWakeup();
    const forget = life.onClose(() => closed.wake());
    // Once the work has settled nothing is overdue: a release waits for the store alone.
    const settled = (): void => this.#campaigner.rest();
    try {
      while (!ended.aborted) {
        const lease = await this.#campaigner.elect(ended, Infinity, true).catch((error: unknown) => {
          if (ended.aborted && isLeaseError(error, "ABORTED")) return undefined;
          throw error;
        });
        if (lease === undefined) return;
        const begun = (held: Lease): Promise<void> => {
          this.#campaigner.begin();
          return untilStopped(work, held).finally(settled);
        };
        await guarded(lease, begun, ended);
        const gaveUp = lease.end?.reason === "released" || lease.end?.reason === "stepped-down";
        const turnMs = Math.min(timing.retryIntervalMs, TURN_MS);
        if (gaveUp && life.is === "open") await pause(clock, turnMs * (1 + random.fraction()), ended, closed);
      }
    } finally {
      forget();
    }
  }

  #leading(): LeaseHandle {
    const { lease } = this.#campaigner;
    if (lease !== undefined) return lease;
    const message = `lease "${this.name}" is not held by this candidate`;
    throw new LeaseError("LEASE_LOST", message, { lease: this.name });
  }

  #busy(): LeaseError {
    return invalid(`this candidate for "${this.name}" campaigns, runs or leads already; one at a time`);
  }
}

/** Work that fails after it was told to stop has stopped. */
async function untilStopped(work: (lease: Lease) => Promise<unknown>, lease: Lease): Promise<void> {
  try {
    await work(lease);
  } catch (error) {
    if (!lease.signal.aborted) throw error;
  }
}
