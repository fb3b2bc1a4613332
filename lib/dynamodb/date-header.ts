import { type EpochMs, epochMs } from "../core/units.ts";

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
}

/**
 * Reads the `Date` header off every HTTP response to a command, errors included: DynamoDB's word on what
 * time it is. The SDK's own retries pass through here too, so the latest response wins.
 */
export function tapDate(command: Tappable): DateTap {
  const tap: DateTap = { servedAt: undefined };
  const listen = (next: (args: unknown) => Promise<{ response?: unknown }>) => async (args: unknown) => {
    tap.servedAt = undefined;
    const result = await next(args);
    tap.servedAt = dateOf(result.response);
    return result;
  };
  command.middlewareStack.add(listen, { step: "deserialize", name: "leaseholdDate", priority: "low" });
  return tap;
}

function dateOf(response: unknown): EpochMs | undefined {
  // The SDK's handlers give header names in lower case.
  const date = Date.parse((response as { headers?: { date?: string } } | undefined)?.headers?.date ?? "");
  return Number.isNaN(date) ? undefined : epochMs(date);
}
