/** The tasks that a Worker's main thread works on, by their tokens. */
export class RunningTasks<T> {
  readonly #tasks = new Map<string, T>();
  #idle: PromiseWithResolvers<void> | undefined;

  /** How many there are. */
  get size(): number {
    return this.#tasks.size;
  }

  /** How many there are of a kind. */
  count(matches: (task: T) => boolean): number {
    let count = 0;
    for (const task of this.#tasks.values()) if (matches(task)) count++;
    return count;
  }

  /** A task that was added and not removed. */
  get(token: string): T | undefined {
    return this.#tasks.get(token);
  }

  /** Adds a task. */
  add(token: string, task: T): void {
    this.#tasks.set(token, task);
  }

  /**
   * Removes a task.
   *
   * @param complete hands its completion in; called before {@link idle} can resolve
   */
  finish(token: string, complete: () => void): void {
    this.#tasks.delete(token);
    complete();
    if (this.#tasks.size > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  /** Resolves when there is none. */
  idle(): Promise<void> {
    if (this.#tasks.size === 0) return Promise.resolve();
    this.#idle ??= Promise.withResolvers();
    return this.#idle.promise;
  }
}
