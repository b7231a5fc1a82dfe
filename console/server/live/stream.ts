/** Streams of events to browsers: who may listen to what, and for how long. */

import type { Action, Place } from "../../shared/actions";
import { partsOf, type TopicKind, topicActions } from "../../shared/events";
import type { Caller } from "../call";
import { badRequest, ProblemError } from "../problem";
import { type Hub, sse } from "./hub";
import { partCount } from "./watchers";

interface StreamOptions {
  hub: Hub;
  /** Who a request is from now; throws if nobody is known. Does not count as use of the session. */
  recall(request: Request): Promise<Caller>;
  allows(caller: Caller, action: Action, place: Place): boolean;
}

const beatMs = 15_000;
const recheckMs = 60_000;
const mostTopics = 20;
const mostStreams = 1000;
/** Who takes so many events not off the line is cut: the browser comes again, with the id of its last one. */
const mostQueued = 256;

interface Stream {
  request: Request;
  topics: Set<string>;
  send(text: string): void;
  leave(topic?: string): void;
  end(): void;
}

export class Streams {
  readonly #options: StreamOptions;
  readonly #open = new Set<Stream>();
  readonly #beat: Timer;
  readonly #recheck: Timer;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#beat = setInterval(() => {
      for (const stream of this.#open) stream.send(": beat\n\n");
    }, beatMs);
    this.#recheck = setInterval(() => void this.recheck(), recheckMs);
  }

  /** How many there are. */
  get size(): number {
    return this.#open.size;
  }

  /** `GET /events?topics=`. */
  open(request: Request, caller: Caller): Response {
    if (this.#open.size >= mostStreams)
      throw new ProblemError({
        title: "Too many streams are open",
        status: 503,
        cause: `There are ${mostStreams} already`,
        fix: "Close tabs, or start another console.",
      });
    const url = new URL(request.url);
    const topics = [...new Set((url.searchParams.get("topics") ?? "").split(",").filter((topic) => topic !== ""))];
    if (topics.length === 0 || topics.length > mostTopics)
      throw badRequest(`There are ${topics.length} topics`, `Name 1 to ${mostTopics}: ?topics=hosts:default`);
    for (const topic of topics) checkForm(topic);
    const denied = topics.filter((topic) => !this.#may(caller, topic));
    const granted = topics.filter((topic) => !denied.includes(topic));
    const lastId = request.headers.get("last-event-id") ?? url.searchParams.get("last") ?? undefined;
    const body = this.#stream(request, granted, lastId, denied);
    return new Response(body, {
      headers: { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" },
    });
  }

  #stream(request: Request, granted: string[], lastId: string | undefined, denied: string[]): ReadableStream<string> {
    let stream: Stream;
    return new ReadableStream<string>(
      {
        start: (controller) => {
          const send = (text: string) => {
            if ((controller.desiredSize ?? 0) <= 0) return stream.end();
            controller.enqueue(text);
          };
          let leave: (topic?: string) => void = () => {};
          stream = {
            request,
            topics: new Set(granted),
            send,
            leave: (topic) => leave(topic),
            end: () => {
              if (!this.#open.delete(stream)) return;
              leave();
              controller.close();
            },
          };
          this.#open.add(stream);
          send(": hello\nretry: 1000\n\n");
          for (const topic of denied) send(sse("denied", { topic, action: actionOf(topic) }));
          if (granted.length > 0) leave = this.#options.hub.listen(granted, lastId, send);
        },
        cancel: () => {
          this.#open.delete(stream);
          stream.leave();
        },
      },
      new CountQueuingStrategy({ highWaterMark: mostQueued }),
    );
  }

  /** Ends what somebody may not listen to any more: each minute, and when rights have changed here. */
  async recheck(): Promise<void> {
    await Promise.all(
      [...this.#open].map(async (stream) => {
        const caller = await this.#options.recall(stream.request).catch(() => undefined);
        if (caller === undefined) return stream.end();
        for (const topic of stream.topics) {
          if (this.#may(caller, topic)) continue;
          stream.topics.delete(topic);
          stream.leave(topic);
          stream.send(sse("denied", { topic, action: actionOf(topic) }));
        }
      }),
    );
  }

  #may(caller: Caller, topic: string): boolean {
    const [kind, namespace = ""] = partsOf(topic);
    return this.#options.allows(caller, actionOf(topic), kind === "audit" ? "everywhere" : { namespace });
  }

  /** Ends all streams. */
  close(): void {
    clearInterval(this.#beat);
    clearInterval(this.#recheck);
    for (const stream of this.#open) stream.end();
  }
}

const actionOf = (topic: string): Action => topicActions[partsOf(topic)[0] as TopicKind];

function checkForm(topic: string): void {
  let parts: string[];
  try {
    parts = partsOf(topic);
  } catch {
    throw badRequest(`The topic "${topic}" is not encoded as it should be`, "Encode each part as in an address.");
  }
  const [kind = "", ...rest] = parts;
  if (!Object.hasOwn(topicActions, kind))
    throw badRequest(`There is no topic "${kind}"`, `Take one of ${Object.keys(topicActions).join(", ")}.`);
  const wanted = partCount(kind as TopicKind);
  if (rest.length !== wanted)
    throw badRequest(`The topic "${topic}" has ${rest.length} parts after "${kind}"`, `It takes ${wanted}.`);
}
