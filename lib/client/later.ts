/** A promise that is made when somebody asks for it. */
export class Later<T> {
  #promise: Promise<T> | undefined;
  #resolve: ((value: T) => void) | undefined;
  #settled: { readonly value: T } | undefined;

  get promise(): Promise<T> {
    this.#promise ??=
      this.#settled === undefined
        ? new Promise((resolve) => {
            this.#resolve = resolve;
          })
        : Promise.resolve(this.#settled.value);
    return this.#promise;
  }

  settle(value: T): void {
    this.#settled ??= { value };
    this.#resolve?.(value);
  }
}
