/**
 * One watcher per topic, however many look at it. What was sent lately is kept in a ring, so that who was away for a
 * moment gets what was missed.
 */

import type { StreamEvents } from "../../shared/events";

/** What a watcher tells. */
export interface Publish {
  /** How it is now. */
  change(data: unknown): void;
  /** It can't be found out at the moment. */
  stale(error: unknown): void;
}

export interface Watcher {
  /** What somebody is told who begins to look now; undefined before anything is known. */
  snapshot(): unknown;
}

/** Begins to watch a topic, until the signal aborts. */
export type Watch = (topic: string, publish: Publish, signal: AbortSignal) => Watcher;

/** Gets events as the text of a stream. */
export type Listener = (text: string) => void;

interface Topic {
  watcher: Watcher;
  kind: string;
  listeners: Set<Listener>;
  stop: AbortController;
  /** The number of the last event before it was watched: of earlier ones there may be some that nobody saw. */
  since: number;
  /** The last thing that was said was that it can't be found out. */
  stale?: string;
}

interface Kept {
  id: number;
  topic: string;
  text: string;
}

const ringSize = 1000;

export class Hub {
  readonly #watch: Watch;
  readonly #topics = new Map<string, Topic>();
  readonly #ring: Kept[] = [];
  /** Ids of another process, or of an earlier start, say nothing here. */
  readonly #epoch = crypto.randomUUID().slice(0, 8);
  readonly #explain: (error: unknown) => unknown;
  #last = 0;

  constructor(watch: Watch, explain: (error: unknown) => unknown) {
    this.#watch = watch;
    this.#explain = explain;
  }

  /** How many topics are watched. */
  get size(): number {
    return this.#topics.size;
  }

  /**
   * Begins to listen to topics. What was missed since `lastId` comes at once, or `resync`, and how each is now.
   *
   * @returns a function that ends it for one topic, or for all of them
   */
  listen(topics: readonly string[], lastId: string | undefined, listener: Listener): (topic?: string) => void {
    const last = this.#numberOf(lastId);
    const known = new Set(topics.filter((name) => last !== undefined && this.#covers(name, last)));
    if (lastId !== undefined && known.size < topics.length) {
      const event: StreamEvents["resync"] = { topics: topics.filter((name) => !known.has(name)) };
      listener(sse("resync", event));
    }
    for (const kept of this.#ring) if (known.has(kept.topic) && kept.id > last!) listener(kept.text);
    for (const name of topics) {
      const topic = this.#topics.get(name) ?? this.#begin(name);
      topic.listeners.add(listener);
      if (known.has(name)) continue;
      const snapshot = topic.watcher.snapshot();
      if (snapshot !== undefined)
        listener(sse("change", { topic: name, kind: topic.kind, data: snapshot }, this.#id(this.#last)));
      if (topic.stale !== undefined) listener(topic.stale);
    }
    return (only) => {
      for (const name of only === undefined ? topics : [only]) this.#leave(name, listener);
    };
  }

  /** Whether all events of a topic after this one are in the ring. */
  #covers(name: string, last: number): boolean {
    const topic = this.#topics.get(name);
    const oldest = this.#ring[0]?.id ?? this.#last + 1;
    return topic !== undefined && topic.since <= last && oldest <= last + 1;
  }

  #begin(name: string): Topic {
    const stop = new AbortController();
    const [kind = ""] = name.split(":");
    const publish: Publish = {
      change: (data) => {
        topic.stale = undefined;
        this.#publish(name, topic, sse("change", { topic: name, kind, data }, this.#id(++this.#last)));
      },
      stale: (error) => {
        if (topic.stale !== undefined) return;
        topic.stale = sse("stale", { topic: name, problem: this.#explain(error) }, this.#id(++this.#last));
        this.#publish(name, topic, topic.stale);
      },
    };
    const topic: Topic = {
      kind,
      listeners: new Set(),
      stop,
      since: this.#last,
      watcher: { snapshot: () => undefined },
    };
    this.#topics.set(name, topic);
    topic.watcher = this.#watch(name, publish, stop.signal);
    return topic;
  }

  #publish(name: string, topic: Topic, text: string): void {
    if (topic.stop.signal.aborted) return;
    this.#ring.push({ id: this.#last, topic: name, text });
    if (this.#ring.length > ringSize) this.#ring.shift();
    for (const listener of topic.listeners) listener(text);
  }

  #leave(name: string, listener: Listener): void {
    const topic = this.#topics.get(name);
    if (topic === undefined || !topic.listeners.delete(listener) || topic.listeners.size > 0) return;
    topic.stop.abort();
    this.#topics.delete(name);
  }

  #id(number: number): string {
    return `${this.#epoch}-${number}`;
  }

  #numberOf(id: string | undefined): number | undefined {
    const [epoch, number] = id?.split("-") ?? [];
    return epoch === this.#epoch && /^\d+$/.test(number ?? "") ? Number(number) : undefined;
  }

  /** Ends all watching. */
  close(): void {
    for (const topic of this.#topics.values()) topic.stop.abort();
    this.#topics.clear();
  }
}

/** An event as the text of a stream. */
export function sse(event: string, data: unknown, id?: string): string {
  return `${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
