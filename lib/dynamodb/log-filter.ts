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
  if (!isEmpty(info) || !isEmpty(error)) return;
  context.inputFilterSensitiveLog = nothing;
  context.outputFilterSensitiveLog = nothing;
}

const nothing = (): undefined => undefined;

/** What is known of functions: clients have few loggers. */
const KNOWN = new WeakMap<object, boolean>();

/**
 * Whether calling a function does nothing, by its text: parameters, and a body without a statement. The name of the logger's class would
 * tell less: a bundler changes it, and the client may come from another copy of the SDK.
 */
function isEmpty(called: unknown): boolean {
  if (typeof called !== "function") return false;
  let known = KNOWN.get(called);
  if (known === undefined) {
    const text = Function.prototype.toString.call(called);
    known = /^(?:function\s*)?[\w$]*\s*\([\w$,\s]*\)\s*(?:=>\s*)?\{\s*\}$/.test(text);
    KNOWN.set(called, known);
  }
  return known;
}
