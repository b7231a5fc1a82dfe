/** Reads a stream of events as a browser does. */

export interface ReadEvent {
  id?: string;
  event: string;
  data: any;
}

export class EventReader {
  /** All that came, as it came. */
  text = "";
  readonly events: ReadEvent[] = [];
  readonly #abort = new AbortController();
  #waiting = Promise.withResolvers<void>();
  /** Resolves when the stream ends, by whomever. */
  readonly ended: Promise<void>;

  private constructor(response: Response, abort: AbortController) {
    this.#abort = abort;
    this.ended = this.#read(response).catch(() => {});
  }

  /** Opens `/api/v1/events`. */
  static async open(
    { origin }: { origin: string },
    topics: readonly string[],
    headers: Record<string, string> = {},
  ): Promise<EventReader> {
    const abort = new AbortController();
    const url = `${origin}/api/v1/events?topics=${topics.map(encodeURIComponent).join(",")}`;
    const response = await fetch(url, { headers, signal: abort.signal });
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
    return new EventReader(response, abort);
  }

  async #read(response: Response): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      const piece = decoder.decode(chunk, { stream: true });
      this.text += piece;
      const blocks = (rest + piece).split("\n\n");
      rest = blocks.pop()!;
      for (const block of blocks) {
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1];
        const event = field("event");
        if (event !== undefined) this.events.push({ id: field("id"), event, data: JSON.parse(field("data")!) });
      }
      this.#waiting.resolve();
      this.#waiting = Promise.withResolvers();
    }
  }

  /** The first event that is as wanted, of those that came and those to come. */
  async find(wanted: (event: ReadEvent) => boolean): Promise<ReadEvent> {
    for (let seen = 0; ; ) {
      const found = this.events.slice(seen).find(wanted);
      if (found !== undefined) return found;
      seen = this.events.length;
      const ended = await Promise.race([this.#waiting.promise, this.ended.then(() => true)]);
      if (ended === true && this.events.length === seen)
        throw new Error(`the stream ended without it; it had ${this.text}`);
    }
  }

  close(): void {
    this.#abort.abort();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
