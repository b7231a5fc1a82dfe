/**
 * The thread of `serveHealth`. It only looks at memory that other threads write, because they can't answer when they
 * are blocked. It is loaded as text, so it imports nothing.
 */

const lookIntervalMs = 200;

/** A thread that is blocked as long as a number in shared memory stays the same. */
class Watched {
  looks = 0;

  constructor({ name, memory, slot, idle }) {
    Object.assign(this, { name, slots: new Int32Array(memory), slot, idle });
  }

  /**
   * Counts its own looks instead of reading a clock: while the process is suspended nobody looks, and nothing runs
   * either, but clocks go on.
   */
  look() {
    const found = Atomics.load(this.slots, this.slot);
    this.looks = found !== this.idle && found === this.found ? this.looks + 1 : 0;
    this.found = found;
  }

  get blockedMs() {
    return this.looks * lookIntervalMs;
  }
}

let settings;
let slots;
let main;
let workflows = [];

function report() {
  const workers = settings.stateSlots.map((slot) => settings.states[Atomics.load(slots, slot)]);
  const threads = [main, ...workflows].map(({ name, blockedMs }) => ({ name, blockedMs }));
  const live = threads.every(({ blockedMs }) => blockedMs < settings.blockedAfterMs) && !workers.includes("FAILED");
  return { live, ready: live && workers.every((state) => state === "RUNNING"), workers, threads };
}

function respond(request) {
  const { pathname } = new URL(request.url);
  const body = report();
  if (pathname === "/live") return Response.json(body, { status: body.live ? 200 : 503 });
  if (pathname === "/ready") return Response.json(body, { status: body.ready ? 200 : 503 });
  return Response.json({ error: `There is no ${pathname}, but /live and /ready.` }, { status: 404 });
}

function start(data) {
  settings = data;
  slots = new Int32Array(data.memory);
  main = new Watched({ name: "main", memory: data.memory, slot: data.beatSlot });
  setInterval(() => {
    for (const thread of [main, ...workflows]) thread.look();
  }, lookIntervalMs);
  try {
    const { port } = Bun.serve({ port: data.port, hostname: data.hostname, fetch: respond });
    postMessage({ port });
  } catch (error) {
    postMessage({ error: error.message });
  }
}

globalThis.onmessage = ({ data }) => {
  if (data.threads === undefined) start(data);
  else workflows = data.threads.map((thread) => new Watched(thread));
};
