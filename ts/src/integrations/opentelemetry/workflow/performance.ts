/**
 * A clock for OpenTelemetry's SDK, which reads `performance` when it is loaded: the time of the Workflow Task. This
 * module imports nothing, so that it comes first.
 */

interface Clock {
  timeOrigin: number;
  now(): number;
}

const globals = globalThis as { performance?: Clock };

// Absent in Workflow code alone.
if (globals.performance === undefined) {
  const timeOrigin = Date.now();
  globals.performance = { timeOrigin, now: () => Date.now() - timeOrigin };
}

export {};
