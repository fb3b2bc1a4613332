import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { LOCAL_AWS } from "../../../local/engine.ts";
import { type Group, LeaseClient } from "../../../lib/index.ts";
import type { Link } from "../../../local/harness/link.ts";
import type { Draws } from "../../simulation/world/chance.ts";
import { reportFailure } from "../candidate/leading.ts";
import { OPERATOR } from "../network/group-ledger.ts";
import { type Journal, tally } from "./journal.ts";
import { WORKFORCE } from "./workforce-plan.ts";

/** Somebody who asks for shards, and takes them away by force, through a network as bad as everybody's. */
export class Operator implements AsyncDisposable {
  readonly #journal: Journal;
  readonly #draws: Draws;
  readonly #link: Link;
  readonly #client: DynamoDBClient;
  readonly #leases: LeaseClient;
  readonly #group: Group;

  constructor(tableName: string, link: Link, draws: Draws, journal: Journal) {
    this.#journal = journal;
    this.#draws = draws;
    this.#link = link;
    this.#client = new DynamoDBClient({ endpoint: link.endpoint, ...LOCAL_AWS });
    this.#leases = new LeaseClient({ tableName, client: this.#client, holder: OPERATOR, durationMs: 3_000 });
    this.#group = this.#leases.group(WORKFORCE.group);
  }

  /** Does something to some shard. */
  async strike(): Promise<void> {
    const shard = this.#draws.pick(WORKFORCE.shards);
    const workers = [...this.#journal.joined.values()];
    const reserveFor = this.#draws.pick([undefined, ...workers]);
    const force = this.#draws.happens(0.5);
    try {
      if (force) {
        const { kind } = await this.#group.forceRelease(shard);
        if (kind === "released") tally(this.#journal.faults, "forced release");
      } else {
        const { kind } = await this.#group.requestStepDown(shard, { reserveFor });
        if (kind === "requested") tally(this.#journal.faults, "request to hand over");
      }
    } catch (error) {
      reportFailure(error, (report) => this.#journal.hear(OPERATOR, report));
    }
  }

  /** Lets go of what it has open. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#leases.close();
    this.#client.destroy();
    await this.#link.close();
  }
}
