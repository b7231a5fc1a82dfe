/** The values of a run: its payload, items of loops and outputs of steps, each under an id. */
import type { Call, ValueRef } from "../plan";
import { ITEM, PAYLOAD } from "../plan";
import type { Scope } from "./scope";

/** How much of the context an activity is given by value, in bytes; what is larger is fetched by the handler's side. */
const inlineBytes = 16 * 1024;

interface Known {
  value: unknown;
  /** Where it is, if this run doesn't have it. */
  ref?: ValueRef;
  bytes?: number;
}

/** Values by id. */
export class Values {
  readonly #known = new Map<string, Known>();

  set(id: string, value: unknown): void {
    this.#known.set(id, { value });
  }

  setRef(id: string, ref: ValueRef): void {
    this.#known.set(id, { value: undefined, ref });
  }

  get(id: string): unknown {
    return this.#known.get(id)?.value;
  }

  has(id: string): boolean {
    return this.#known.has(id);
  }

  delete(ids: Iterable<string>): void {
    for (const id of ids) this.#known.delete(id);
  }

  /** All of them, but for the payload, which travels beside them. */
  save(): { values: Record<string, unknown>; refs: Record<string, ValueRef> } {
    const saved = { values: {} as Record<string, unknown>, refs: {} as Record<string, ValueRef> };
    for (const [id, { value, ref }] of this.#known) {
      if (ref !== undefined) saved.refs[id] = ref;
      else if (id !== PAYLOAD && value !== undefined) saved.values[id] = value;
    }
    return saved;
  }

  /** Size as JSON; counted once per value. */
  #bytes(known: Known): number {
    return (known.bytes ??= JSON.stringify(known.value)?.length ?? 0);
  }

  /**
   * What a handler is called with, besides what its kind of verb adds. For an activity that is a part of the history:
   * the newest values, up to a limit, and references to the rest. For a local one it isn't recorded and can't ask the
   * run, which waits for it: all values.
   *
   * @param only names of those values that are wanted; default all
   */
  call(scope: Scope, local: boolean, only?: readonly string[]): Call {
    const call: Call = { steps: {} };
    let room = local ? Number.POSITIVE_INFINITY : inlineBytes;
    for (const [name, id] of scope.visible().toReversed()) {
      const known = this.#known.get(id);
      if (known === undefined || only?.includes(name) === false) continue;
      const { value, ref } = known;
      const bytes = ref === undefined ? this.#bytes(known) : 0;
      if (ref !== undefined || bytes > room) (call.refs ??= {})[name] = ref ?? { id };
      else {
        room -= bytes;
        if (name === PAYLOAD) call.payload = value;
        else if (name === ITEM) call.item = value;
        else call.steps[name] = value;
      }
    }
    call.last = scope.last;
    const index = scope.innermostIndex();
    if (index !== undefined) call.index = index;
    return call;
  }
}
