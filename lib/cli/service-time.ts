import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";

/** How far this machine's clock and the service's have to differ before it is more than the header's whole seconds, in ms. */
export const NOTICEABLE_SKEW_MS = 2_000;

/**
 * What the service's clock says, learnt from the `Date` header of each response: the times in the table are service time, and a
 * person's machine may be minutes wrong.
 */
export class ServiceTime {
  #aheadMs = 0;
  #heard = false;
  readonly #onAnswer = new Set<(input: object) => void>();

  constructor(client: DynamoDBClient) {
    client.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        this.#hear(result.response);
        // This is nearer to the wire than what makes an error of a refusal.
        const { statusCode = 500 } = result.response as { readonly statusCode?: number };
        if (statusCode < 300) for (const listener of this.#onAnswer) listener(args.input);
        return result;
      },
      { step: "deserialize", name: "leaseholdServiceTime", priority: "low" },
    );
  }

  /** Epoch ms by the service's clock, to the second; by this machine's until the service has answered. */
  now(): number {
    return Date.now() + (Math.abs(this.#aheadMs) < NOTICEABLE_SKEW_MS ? 0 : this.#aheadMs);
  }

  /** How far the service's clock is ahead of this machine's, in ms, to the second; `undefined` before its first answer. */
  get aheadMs(): number | undefined {
    return this.#heard ? this.#aheadMs : undefined;
  }

  /** Calls a listener with each request that was answered without an error, and returns what stops it. */
  onAnswer(listener: (input: object) => void): () => void {
    this.#onAnswer.add(listener);
    return () => this.#onAnswer.delete(listener);
  }

  #hear(response: unknown): void {
    const date = Date.parse((response as { headers?: { date?: string } } | undefined)?.headers?.date ?? "");
    if (Number.isNaN(date)) return;
    this.#heard = true;
    // The header drops the part of the second: half a second is the least wrong to add.
    this.#aheadMs = date + 500 - Date.now();
  }
}
