import { AsyncLocalStorage } from "node:async_hooks";
import type Long from "long";
import { defaultPayloadConverter } from "../common";
import { append } from "../common/intact";
import type { EventGroupMarker as Message } from "../proto/temporal/api/sdk/v1/event_group_marker";
import { current, requireRun } from "./current";

/**
 * Marks commands (and the events that they make) as belonging together, for user interfaces. See
 * {@link createEventGroup}.
 *
 * @experimental
 */
export interface EventGroupMarker {
  /** Runs `fn` with this marker on every command that comes from it, besides the markers of the scopes around. */
  withScope<T>(fn: () => Promise<T>): Promise<T>;
}

interface Active {
  /** What brought the running handler about: an event or an update. At most one. */
  readonly origin: Marker | undefined;
  readonly groups: ReadonlyMap<string, Group>;
}

const storage = new AsyncLocalStorage<Active>();
const none: Active = { origin: undefined, groups: new Map() };

abstract class Marker implements EventGroupMarker {
  withScope<T>(fn: () => Promise<T>): Promise<T> {
    requireRun("EventGroupMarker.withScope(...)").usesEventGroups = true;
    return storage.run(this.inside(storage.getStore() ?? none), fn);
  }

  abstract inside(active: Active): Active;
  abstract toMessage(): Message;
}

class Origin extends Marker {
  constructor(private readonly message: Message) {
    super();
  }

  inside(): Active {
    return { origin: this, groups: none.groups };
  }

  toMessage(): Message {
    return this.message;
  }
}

class Group extends Marker {
  constructor(
    readonly id: string,
    private readonly label: string,
  ) {
    super();
  }

  inside({ origin, groups }: Active): Active {
    return { origin, groups: new Map(groups).set(this.id, this) };
  }

  toMessage(): Message {
    // Not the Worker's converter: user interfaces read the label as JSON.
    return { label: { id: this.id, label: defaultPayloadConverter.toPayload(this.label) } };
  }
}

/**
 * Makes a group that commands can be attached to, with their option `eventGroups` or with `withScope`.
 *
 * @param label shown to people; converted by the default payload converter, then encoded by the Worker's codecs
 * @param options `id` tells groups apart: same `id`, same group, whatever the label. Default: derived from the run and
 *   the label, so that somebody who can guess the label can check the guess. Not encoded by codecs
 * @throws IllegalStateError outside of a Workflow Execution
 * @experimental
 */
export function createEventGroup(label: string, options?: { id?: string }): EventGroupMarker {
  const run = requireRun("createEventGroup(...)");
  return new Group(options?.id ?? run.host.sha1(`${run.info.originalExecutionRunId}${label}`), label);
}

/** Runs a signal's handler with the event of the signal as origin of its commands. */
export function withOriginEvent<T>(eventId: Long | undefined, fn: () => Promise<T>): Promise<T> {
  // Without a usable event (an old server) the handler still leaves the scopes of the code around it.
  const origin =
    eventId === undefined || !eventId.greaterThan(0)
      ? undefined
      : new Origin({ inboundEvent: { inboundEventId: eventId } });
  return origin === undefined ? storage.run(none, fn) : origin.withScope(fn);
}

/** Runs an update's handler with the update as origin of its commands. */
export function withOriginUpdate<T>(updateId: string, fn: () => Promise<T>): Promise<T> {
  return new Origin({ inboundUpdate: { inboundUpdateId: updateId } }).withScope(fn);
}

/**
 * The markers for a command made by the calling code.
 *
 * @param attached groups given for this command
 * @returns `undefined` if there are none
 * @throws TypeError if something else than the result of {@link createEventGroup} was given
 */
export function eventGroupMarkers(attached?: EventGroupMarker[]): Message[] | undefined {
  const active = current?.usesEventGroups === true ? storage.getStore() : undefined;
  if (active === undefined && (attached === undefined || attached.length === 0)) return undefined;
  const groups = new Map(active?.groups);
  for (let index = 0; index < (attached?.length ?? 0); index++) {
    const marker = attached![index]!;
    if (!(marker instanceof Group))
      throw new TypeError(`eventGroups must be made by createEventGroup(...), got ${String(marker)}`);
    groups.set(marker.id, marker);
  }
  const messages: Message[] = [];
  if (active?.origin !== undefined) append(messages, active.origin.toMessage());
  groups.forEach((group) => {
    append(messages, group.toMessage());
  });
  return messages.length === 0 ? undefined : messages;
}
