/** Slots of 32 bits that a workflow thread writes and the Worker reads; an even number, for what follows. */
const Slot = { cached: 0, inFlight: 1, since: 2, length: 3, deepest: 4, count: 6 } as const;
/** Slots of 64 bits, which count from the start of the thread; a text follows them. */
const Total = { activations: 0, milliseconds: 1, refusals: 2, count: 3 } as const;
type TotalName = Exclude<keyof typeof Total, "count">;
const totalsOffset = Slot.count * Int32Array.BYTES_PER_ELEMENT;
const headerBytes = totalsOffset + Total.count * Float64Array.BYTES_PER_ELEMENT;
/** Longest description, in characters; the rest is cut off. */
const longest = 1_000;
/** Times are kept in what a slot holds. */
const mask = 0x7fff_ffff;

/** What a workflow thread is doing, in memory that it shares with the Worker: a thread that is stuck can't answer. */
export class ThreadState {
  /** The memory, for the other thread. */
  readonly memory: SharedArrayBuffer;
  readonly #slots: Int32Array;
  readonly #totals: Float64Array;
  readonly #text: Uint16Array;
  /** When the activation began, for the thread itself. */
  #beganMs = 0;
  /** What the totals were at the last {@link takeWork}. */
  readonly #taken = { activations: 0, milliseconds: 0, refusals: 0 };
  /** The beginning of the activation that the last {@link look} found, 0 if there was none, and how often it did. */
  #found = 0;
  #looks = 0;

  /** @param memory of the one to share with. Default: new */
  constructor(memory = new SharedArrayBuffer(headerBytes + longest * Uint16Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#slots = new Int32Array(memory, 0, Slot.count);
    this.#totals = new Float64Array(memory, totalsOffset, Total.count);
    this.#text = new Uint16Array(memory, headerBytes);
  }

  /** What a third thread looks at: the number there stays the same while an activation goes on. */
  get watch(): { memory: SharedArrayBuffer; slot: number; idle: number } {
    return { memory: this.memory, slot: Slot.since, idle: 0 };
  }

  /** Runs in memory. */
  get cached(): number {
    return this.#slots[Slot.cached]!;
  }

  set cached(count: number) {
    this.#slots[Slot.cached] = count;
  }

  /** Activations that are being worked on, or wait for it. */
  get inFlight(): number {
    return this.#slots[Slot.inFlight]!;
  }

  set inFlight(count: number) {
    this.#slots[Slot.inFlight] = count;
    if (count > this.#slots[Slot.deepest]!) this.#slots[Slot.deepest] = count;
  }

  /** An activation begins. */
  begin(): void {
    // 0 stands for none.
    Atomics.store(this.#slots, Slot.since, Date.now() & mask || 1);
    this.#beganMs = performance.now();
  }

  /** Says which run this activation and the next ones are of. */
  describe(run: string): void {
    const length = Math.min(run.length, longest);
    for (let index = 0; index < length; index++) this.#text[index] = run.charCodeAt(index);
    this.#slots[Slot.length] = length;
  }

  /**
   * The activation is done.
   *
   * @param refused whether the sandbox has refused something, so that the task failed
   */
  end(refused: boolean): void {
    Atomics.store(this.#slots, Slot.since, 0);
    this.#count("activations", 1);
    this.#count("milliseconds", performance.now() - this.#beganMs);
    if (refused) this.#count("refusals", 1);
  }

  #count(name: TotalName, more: number): void {
    this.#totals[Total[name]] = this.#totals[Total[name]]! + more;
  }

  /** What was done since the last call, in whole numbers: what is left of them belongs to the next call. */
  takeWork(): { activations: number; milliseconds: number; refusals: number; deepest: number } {
    const take = (name: TotalName) => {
      const total = Math.floor(this.#totals[Total[name]]!);
      const more = total - this.#taken[name];
      this.#taken[name] = total;
      return more;
    };
    return {
      activations: take("activations"),
      milliseconds: take("milliseconds"),
      refusals: take("refusals"),
      deepest: Atomics.exchange(this.#slots, Slot.deepest, this.inFlight),
    };
  }

  /**
   * How many times in a row the same activation has been found before; to be called at intervals. While the process is
   * suspended nobody looks, and nothing runs either, but clocks go on.
   */
  look(): number {
    const { since } = this;
    this.#looks = since !== 0 && since === this.#found ? this.#looks + 1 : 0;
    this.#found = since;
    return this.#looks;
  }

  /** When the activation began, as a number that is another for the next one; 0 if there is none. */
  get since(): number {
    return Atomics.load(this.#slots, Slot.since);
  }

  /** How long the activation takes already, in milliseconds; 0 if there is none. */
  get busyForMs(): number {
    const { since } = this;
    return since === 0 ? 0 : (Date.now() - since) & mask;
  }

  /** The run of the activation, as the thread described it; "" if it has not. */
  get description(): string {
    return String.fromCharCode(...this.#text.subarray(0, this.#slots[Slot.length]));
  }
}
