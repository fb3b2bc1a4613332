/** What the runner tells an execution environment: run the handler once. */
export interface InvokeMessage {
  readonly event: unknown;
  /** Lambda's context, but for its one function. */
  readonly context: object;
  /** When the invocation times out, epoch ms by this machine's wall clock. */
  readonly deadline: number;
}

/** What went wrong in a handler, as far as it can be sent. */
export interface HandlerError {
  readonly name: string;
  readonly message: string;
  readonly code?: string | undefined;
  readonly stack?: string | undefined;
}

/** What an execution environment tells the runner. */
export type EnvironmentMessage =
  | { readonly kind: "ready" }
  | { readonly kind: "returned"; readonly value: unknown }
  | { readonly kind: "threw"; readonly error: HandlerError };

/** Makes an error sendable. */
export function handlerError(error: unknown): HandlerError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  return { name: error.name, message: error.message, code, stack: error.stack };
}
