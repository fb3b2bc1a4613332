import { type EpochMs, epochMs } from "../core/units.ts";
import { spareLogCopies, type Logged } from "./log-filter.ts";

/** A command of the SDK, as far as the tap needs it. */
export interface Tappable {
  readonly middlewareStack: {
    // The SDK types a stack by its input and output; the tap sees only what passes through.
    // oxlint-disable-next-line typescript/no-explicit-any
    add(middleware: any, options: { step: "deserialize"; name?: string; priority: "low" | "high" }): void;
  };
}

/** What passed between a request and the network. */
export interface DateTap {
  /** The header of the latest response. */
  servedAt: EpochMs | undefined;
  /** How often the request was handed to the network: by the SDK's own retries, and by sending it again. */
  sent: number;
  /**
   * How often the service refused it so that nothing was applied, and it may be sent again: by a transaction in the way, a late signature,
   * or throttling.
   */
  resent: number;
  /** The latest response; `undefined` while there is none to what was sent last. */
  response: Response | undefined;
  /** Where the latest was sent: host and port. */
  host: string | undefined;
  /** What the service throttled last, where the caller sends it again, and not the SDK. */
  throttled?: unknown;
}

/**
 * Reads the `Date` header off every HTTP response to a command, errors included: DynamoDB's word on what
 * time it is. The SDK's own retries pass through here too, so the latest response wins. It stands right before the
 * network: what fails without passing through here was never sent.
 */
export function tapDate(command: Tappable): DateTap {
  const tap: DateTap = { servedAt: undefined, sent: 0, resent: 0, response: undefined, host: undefined };
  const listen = (next: (args: unknown) => Promise<{ response?: Response }>, context: Logged) => {
    spareLogCopies(context);
    return async (args: unknown) => {
      tap.servedAt = undefined;
      tap.response = undefined;
      const { request } = args as { request?: Endpoint };
      assertEndpoint(request);
      tap.host = request?.headers?.host;
      tap.sent += 1;
      const result = await next(args);
      tap.response = result.response;
      tap.servedAt = dateOf(result.response);
      return result;
    };
  };
  command.middlewareStack.add(listen, { step: "deserialize", name: "leaseholdDate", priority: "low" });
  return tap;
}

/** A response of the SDK's handlers, as far as it is read here. They give header names in lower case. */
interface Response {
  readonly statusCode?: number;
  readonly headers?: { readonly date?: string };
}

/** Where a request of the SDK goes. */
interface Endpoint {
  readonly protocol?: string;
  readonly hostname?: string;
  readonly headers?: { readonly host?: string };
}

/** The SDK takes `localhost:8000` for an endpoint of the protocol `localhost:`, and sends it to wherever that leads. */
function assertEndpoint({ protocol = "https:", hostname = "?" }: Endpoint = {}): void {
  if (/^https?:$/.test(protocol) && hostname !== "") return;
  throw new TypeError(`the endpoint begins with "${protocol}", not http:// or https://`);
}

// What was read last: within a second all responses have the same header.
let lastHeader = "";
let lastDate: EpochMs | undefined;

function dateOf(response: Response | undefined): EpochMs | undefined {
  const header = response?.headers?.date ?? "";
  if (header !== lastHeader) {
    const date = Date.parse(header);
    lastDate = Number.isNaN(date) ? undefined : epochMs(date);
    lastHeader = header;
  }
  return lastDate;
}
