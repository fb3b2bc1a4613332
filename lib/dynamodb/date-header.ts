import { type EpochMs, epochMs } from "../core/units.ts";
import { logUncopied, type Logged } from "./log-filter.ts";

/** A command of the SDK, as far as the tap needs it. */
interface Tappable {
  readonly middlewareStack: {
    // The SDK types a stack by its input and output; the tap sees only what passes through.
    // oxlint-disable-next-line typescript/no-explicit-any
    add(middleware: any, options: { step: "deserialize"; name: string; priority: "low" }): void;
  };
}

/** Where the header of the latest response goes. */
export interface DateTap {
  servedAt: EpochMs | undefined;
  /** Whether the request was handed to the network. */
  sent: boolean;
}

/**
 * Reads the `Date` header off every HTTP response to a command, errors included: DynamoDB's word on what
 * time it is. The SDK's own retries pass through here too, so the latest response wins. It stands right before the
 * network: what fails without passing through here was never sent.
 */
export function tapDate(command: Tappable): DateTap {
  const tap: DateTap = { servedAt: undefined, sent: false };
  const listen = (next: (args: unknown) => Promise<{ response?: unknown }>, context: Logged) => {
    logUncopied(context);
    return async (args: unknown) => {
      tap.servedAt = undefined;
      assertEndpoint((args as { request?: Endpoint }).request);
      tap.sent = true;
      const result = await next(args);
      tap.servedAt = dateOf(result.response);
      return result;
    };
  };
  command.middlewareStack.add(listen, { step: "deserialize", name: "leaseholdDate", priority: "low" });
  return tap;
}

/** Where a request of the SDK goes. */
interface Endpoint {
  readonly protocol?: string;
  readonly hostname?: string;
}

/** The SDK takes `localhost:8000` for an endpoint of the protocol `localhost:`, and sends it to wherever that leads. */
function assertEndpoint({ protocol = "https:", hostname = "?" }: Endpoint = {}): void {
  if (/^https?:$/.test(protocol) && hostname !== "") return;
  throw new TypeError(`the endpoint begins with "${protocol}", and must begin with http:// or https://`);
}

// What was read last: within a second all responses have the same header.
let lastHeader = "";
let lastDate: EpochMs | undefined;

function dateOf(response: unknown): EpochMs | undefined {
  // The SDK's handlers give header names in lower case.
  const header = (response as { headers?: { date?: string } } | undefined)?.headers?.date ?? "";
  if (header !== lastHeader) {
    const date = Date.parse(header);
    lastDate = Number.isNaN(date) ? undefined : epochMs(date);
    lastHeader = header;
  }
  return lastDate;
}
