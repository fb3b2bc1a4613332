/** What the SDK says of a request to its middlewares, as far as logging goes. */
export interface Logged {
  readonly logger?: { readonly info?: unknown; readonly error?: unknown };
  inputFilterSensitiveLog?: (input: unknown) => unknown;
  outputFilterSensitiveLog?: (output: unknown) => unknown;
}

/**
 * Spares a request the copies that the SDK makes of it and of its answer for the client's logger, where that logger does nothing, as
 * the SDK's own does: about a tenth of a request's CPU time. A logger that does something is given copies, as
 * the SDK makes them: it may change what it is given.
 */
export function spareLogCopies(context: Logged): void {
  const { info, error } = context.logger ?? {};
  if (info !== lastInfo || error !== lastError) {
    [lastInfo, lastError] = [info, error];
    lastIsIdle = isEmpty(info) && isEmpty(error);
  }
  if (lastIsIdle) context.inputFilterSensitiveLog = context.outputFilterSensitiveLog = nothing;
}

const nothing = (): undefined => undefined;

// What was asked about last: most processes have one client.
let lastInfo: unknown;
let lastError: unknown;
let lastIsIdle = false;

/**
 * Whether calling a function does nothing, by its text: parameters, and a body without a statement. The name of the logger's class would
 * tell less: a bundler changes it, and the client may come from another copy of the SDK.
 */
function isEmpty(called: unknown): boolean {
  return (
    typeof called === "function" &&
    /^(function\s*)?[\w$]*\s*\([\w$,\s]*\)\s*(=>\s*)?\{\s*\}$/.test(Function.prototype.toString.call(called))
  );
}
