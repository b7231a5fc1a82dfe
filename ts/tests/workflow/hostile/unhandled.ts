/** Promises that are rejected without a handler. The test runner takes such for errors of a test: for a Worker only. */
import type { Stopper } from "./rows";

export const unhandled: readonly Stopper[] = [
  {
    code: "void Promise.reject(new Error('nobody waits')); await sleep(1000); return 'went on'",
    fails: "nobody waits",
  },
  { code: "void (async () => { throw new Error('alone'); })(); await sleep(1000); return 'went on'", fails: "alone" },
  {
    code: "void Promise.reject({ get message() { throw new Error('x'); } }); await sleep(1000); return 'went on'",
    fails: "Unhandled Promise rejection",
  },
  {
    code: "void Promise.resolve().then(() => { throw Symbol('thrown'); }); await sleep(1000); return 'went on'",
    fails: "Symbol(thrown)",
  },
];
