/** What is thrown where nobody takes it, what can't be converted or sent, and messages that do what they must not. */
import { asked, told, updated } from "./messages";
import type { Stopper } from "./rows";

export const thrownAnywhere: readonly Stopper[] = [
  {
    code: "queueMicrotask(() => { throw new Error('from a microtask'); }); await sleep(1000); return 'went on'",
    fails: "from a microtask",
  },
  {
    code: "queueMicrotask(() => { throw undefined; }); await sleep(1000); return 'went on'",
    fails:
      "undefined [A non-Error value was thrown from your code. We recommend throwing Error objects so that we can provide a stack trace]",
  },
  {
    code: "queueMicrotask(() => { throw { toString() { throw new Error('again'); } }; }); await sleep(1000); return 'went on'",
    fails:
      "{} [A non-Error value was thrown from your code. We recommend throwing Error objects so that we can provide a stack trace]",
  },
  {
    code: "queueMicrotask(() => queueMicrotask(() => { throw new Error('from the second'); })); await sleep(1000); return 'went on'",
    fails: "from the second",
  },
  {
    code: "await sleep(1000); queueMicrotask(() => { throw new Error('late microtask'); }); await sleep(1000); return 'went on'",
    fails: "late microtask",
  },
  {
    code: "const controller = new AbortController(); controller.signal.addEventListener('abort', () => { throw new Error('from a listener'); }); controller.abort(); await sleep(1000); return 'went on'",
    fails: "from a listener",
  },
  {
    code: "const controller = new AbortController(); controller.signal.onabort = () => { throw new Error('from onabort'); }; controller.abort(); await sleep(1000); return 'went on'",
    fails: "from onabort",
  },
  {
    code: "const target = new EventTarget(); target.addEventListener('x', () => { throw new Error('from a listener'); }); target.dispatchEvent(new Event('x')); await sleep(1000); return 'went on'",
    fails: "from a listener",
  },
  {
    code: "const target = new EventTarget(); target.addEventListener('x', { get handleEvent() { throw new Error('from a getter'); } }); target.dispatchEvent(new Event('x')); await sleep(1000); return 'went on'",
    fails: "from a getter",
  },
  { code: "reportError(new Error('reported')); await sleep(1000); return 'went on'", fails: "reported" },
  { code: "return await { get then() { throw new Error('from then'); } }", fails: "from then" },
  { code: "return await { then(resolve) { throw new Error('from then'); } }", fails: "from then" },
  {
    code: "return { then(resolve) { resolve('twice'); resolve('again'); throw new Error('after'); } }",
    gives: "twice",
  },
  {
    code: "return { toJSON() { throw new Error('from toJSON'); } }",
    fails: "Unable to convert [object Object] to payload",
  },
  {
    code: "return { get a() { throw new Error('from a getter'); } }",
    fails: "Unable to convert [object Object] to payload",
  },
  {
    code: "const cycle = {}; cycle.cycle = cycle; return cycle",
    fails: "Unable to convert [object Object] to payload",
  },
  { code: "return 10n", fails: "Unable to convert 10 to payload" },
  { code: "return Symbol('result')", fails: "Unable to convert Symbol(result) to payload" },
  { code: "return () => 1", fails: "Unable to convert () => 1 to payload" },
  { code: "return { a: 10n }", fails: "Unable to convert [object Object] to payload" },
  {
    code: "const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy",
    fails: "Proxy has already been revoked. No more operations are allowed to be performed on it",
  },
  {
    code: "return new Proxy({}, { ownKeys() { throw new Error('from a trap'); } })",
    fails: "Unable to convert [object Object] to payload",
  },
  { code: "return new Proxy([], { get() { throw new Error('from a trap'); } })", fails: "from a trap" },
  { code: "throw new Proxy(new Error('x'), { get() { throw new Error('from a trap'); } })", fails: "from a trap" },
  {
    code: "const { proxy, revoke } = Proxy.revocable(new Error('x'), {}); revoke(); throw proxy",
    fails: "Proxy has already been revoked. No more operations are allowed to be performed on it",
  },
  {
    code: "throw { get message() { throw new Error('message'); } }",
    fails:
      "[object Object] [A non-Error value was thrown from your code. We recommend throwing Error objects so that we can provide a stack trace]",
  },
  {
    code: "throw Object.defineProperty(new Error('x'), 'message', { get() { throw new Error('from message'); } })",
    fails: "Failed to convert an error of the workflow",
  },
  {
    code: "throw Object.defineProperty(new Error('x'), 'stack', { get() { throw new Error('from stack'); } })",
    fails: "Failed to convert an error of the workflow",
  },
  {
    code: "throw Object.defineProperty(new Error('x'), 'name', { get() { throw new Error('from name'); } })",
    fails: "Failed to convert an error of the workflow",
  },
  {
    code: "throw Object.defineProperty(new Error('x'), 'cause', { get() { throw new Error('from cause'); } })",
    fails: "Failed to convert an error of the workflow",
  },
  {
    code: "throw Object.defineProperty(new common.ApplicationFailure('x'), 'details', { get() { throw new Error('from details'); } })",
    fails: "from details",
  },
  {
    code: "throw common.ApplicationFailure.create({ message: 'x', details: [10n] })",
    fails: "Unable to convert 10 to payload",
  },
  { code: "throw common.ApplicationFailure.create({ message: { toString() { throw new Error('y'); } } })", fails: "y" },
  {
    code: "throw common.ApplicationFailure.create({ message: 5, type: 7, nonRetryable: 'yes' })",
    fails:
      'The "string" argument must be of type string or an instance of Buffer or ArrayBuffer. Received type number (7)',
  },
  {
    code: "throw undefined",
    fails:
      "undefined [A non-Error value was thrown from your code. We recommend throwing Error objects so that we can provide a stack trace]",
  },
  {
    code: "throw null",
    fails:
      "null [A non-Error value was thrown from your code. We recommend throwing Error objects so that we can provide a stack trace]",
  },
  {
    code: "throw 10n",
    fails:
      "10 [A non-Error value was thrown from your code. We recommend throwing Error objects so that we can provide a stack trace]",
  },
  {
    code: "throw Symbol('thrown')",
    fails:
      "Symbol(thrown) [A non-Error value was thrown from your code. We recommend throwing Error objects so that we can provide a stack trace]",
  },
  {
    code: "throw 'a text'",
    fails:
      "a text [A non-Error value was thrown from your code. We recommend throwing Error objects so that we can provide a stack trace]",
  },
  {
    code: "throw Object.create(null)",
    fails:
      "{} [A non-Error value was thrown from your code. We recommend throwing Error objects so that we can provide a stack trace]",
  },
  {
    code: "const error = new Error('circular'); error.cause = error; throw error",
    fails: "circular",
  },
  {
    code: "let error; for (let depth = 0; depth < 5_000; depth++) error = new Error('depth ' + depth, { cause: error }); throw error",
    fails: "depth 4999",
  },
  {
    code: "let error; for (let depth = 0; depth < 5_000; depth++) error = common.ApplicationFailure.create({ message: 'depth ' + depth, cause: error }); throw error",
    ends: "depth 4999",
  },
  {
    code: "throw new Error('x'.repeat(1_000_000))",
    fails: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
  },
  {
    code: "Error.prepareStackTrace = () => { throw new Error('from prepareStackTrace'); }; throw new Error('x')",
    fails: "x",
    realmOnly: true,
  },
  {
    code: "Error.prepareStackTrace = () => ({ toString() { throw new Error('again'); } }); throw new Error('x')",
    fails:
      "{} [A non-Error value was thrown from your code. We recommend throwing Error objects so that we can provide a stack trace]",
    realmOnly: true,
  },
  {
    code: "Error.prepareStackTrace = () => Symbol('stack'); throw new Error('x')",
    fails:
      "{} [A non-Error value was thrown from your code. We recommend throwing Error objects so that we can provide a stack trace]",
    realmOnly: true,
  },
  {
    code: "const list = []; list.push(list); return String(list.flat(Infinity))",
    fails: "Maximum call stack size exceeded.",
  },
  { code: "(function f() { return 1 + f(); })()", fails: "Maximum call stack size exceeded." },
  {
    code: "const f = (n) => (n === 0 ? 'tail' : f(n - 1)); return attempt(() => f(1_000_000)).slice(0, 40)",
    gives: "tail",
  },
  {
    code: "let value = {}; for (let depth = 0; depth < 100_000; depth++) value = { value }; return value",
    fails: "Unable to convert [object Object] to payload",
  },
  {
    code: "let value = []; for (let depth = 0; depth < 100_000; depth++) value = [value]; return value",
    fails: "Unable to convert [object Array] to payload",
  },
  { code: "return attempt(() => 'x'.repeat(2 ** 31)).slice(0, 60)", gives: "RangeError: Out of memory" },
  {
    code: "return attempt(() => new Array(2 ** 32)).slice(0, 60)",
    gives: "RangeError: Array length must be a positive integer of safe ",
  },
  {
    code: "return attempt(() => new ArrayBuffer(2 ** 53)).slice(0, 60)",
    gives: "RangeError: length larger than (2 ** 53) - 1",
  },
  { code: "return attempt(() => new Uint8Array(2 ** 40)).slice(0, 60)", gives: "RangeError: Out of memory" },
  {
    code: "let text = 'x'; return attempt(() => { for (;;) text += text; }).slice(0, 60)",
    gives: "RangeError: Out of memory",
  },
  {
    code: "const log = { f() {} }; log.self = log; workflow.log.info('x', log); await sleep(1000); return 'went on'",
    gives: "went on",
  },
  {
    code: "workflow.log.info('x', { get a() { throw new Error('from a getter'); } }); await sleep(1000); return 'went on'",
    gives: "went on",
  },
  {
    code: "const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); workflow.log.info('x', { proxy }); await sleep(1000); return 'went on'",
    gives: "went on",
  },
  {
    code: "workflow.log.info('x', new Proxy({}, { ownKeys() { throw new Error('from a trap'); } })); await sleep(1000); return 'went on'",
    gives: "went on",
  },
  {
    code: "workflow.log.info('x', { promise: Promise.resolve(1), symbol: Symbol('x'), weak: new WeakMap(), view: new DataView(new ArrayBuffer(1)), big: 1n }); await sleep(1000); return 'went on'",
    gives: "went on",
  },
  {
    code: "workflow.log.info({ toString() { throw new Error('from toString'); } }); await sleep(1000); return 'went on'",
    gives: "went on",
  },
  { code: "workflow.log.info(Symbol('message')); await sleep(1000); return 'went on'", gives: "went on" },
  {
    code: "const error = new Error('x'); error.config = { transform: [() => 1], error }; workflow.log.error('failed', { error }); await sleep(1000); return 'went on'",
    gives: "went on",
  },
  {
    code: "workflow.log.info('x', { a: 'y'.repeat(5_000_000), b: new Array(100_000).fill(0) }); await sleep(1000); return 'went on'",
    gives: "went on",
  },
  {
    code: "let deep = {}; for (let depth = 0; depth < 10_000; depth++) deep = { deep }; workflow.log.info('x', { deep }); await sleep(1000); return 'went on'",
    gives: "went on",
  },
  {
    code: "workflow.log.info('x', { date: new Date(NaN), map: new Map([[{}, new Map()]]), error: Object.create(Error.prototype) }); await sleep(1000); return 'went on'",
    gives: "went on",
  },
  {
    code: "workflow.log.info('x', { detached: (() => { const buffer = new ArrayBuffer(4); structuredClone(buffer, { transfer: [buffer] }); return buffer; })() }); await sleep(1000); return 'went on'",
    gives: "went on",
  },
  {
    code: "workflow.proxySinks().nobody.listens({ get a() { throw new Error('from a getter'); } }); await sleep(1000); return 'went on'",
    gives: "went on",
  },
  {
    code: "workflow.proxySinks().nobody.listens(new Proxy(() => 1, { apply() { throw new Error('x'); } })); await sleep(1000); return 'went on'",
    gives: "went on",
  },
  {
    code: "workflow.proxySinks()[Symbol('a')]; workflow.proxySinks().a.b(() => 1); await sleep(1000); return 'went on'",
    gives: "went on",
  },
  {
    code: "workflow.setHandler(workflow.defineQuery('ask'), () => { queueMicrotask(() => void sleep(1).catch(() => 1)); return 1; }); await sleep(1000); return 'went on'",
    then: asked,
    gives: "went on",
  },
  {
    code: "workflow.setHandler(workflow.defineQuery('ask'), () => { queueMicrotask(() => { throw new Error('from a query'); }); return 1; }); await sleep(1000); return 'went on'",
    then: asked,
    gives: "went on",
  },
  {
    code: "workflow.setHandler(workflow.defineQuery('ask'), () => { workflow.CancellationScope.current().cancel(); return 1; }); await sleep(1000); return 'went on'",
    then: asked,
    gives: "went on",
  },
  {
    code: "const scope = new workflow.CancellationScope(); workflow.setHandler(workflow.defineQuery('ask'), () => { scope.cancel(); return 1; }); await scope.run(() => sleep(1000)); return 'went on'",
    then: asked,
    gives: "went on",
  },
  {
    code: "workflow.setHandler(workflow.defineQuery('ask'), () => { state.asked = true; return 1; }); await workflow.condition(() => state.asked === true, 1000); return 'went on'",
    then: asked,
    gives: "went on",
  },
  {
    code: "workflow.setHandler(workflow.defineQuery('ask'), () => { void sleep(1); return 1; }); await sleep(1000); return 'went on'",
    then: asked,
    gives: "went on",
  },
  {
    code: "workflow.setHandler(workflow.defineQuery('ask'), () => { workflow.patched('in a query'); return workflow.uuid4().length; }); await sleep(1000); return 'went on'",
    then: asked,
    gives: "went on",
  },
  {
    code: "workflow.setHandler(workflow.defineQuery('ask'), () => ({ get a() { throw new Error('from a getter'); } })); await sleep(1000); return 'went on'",
    then: asked,
    gives: "went on",
  },
  {
    code: "workflow.setHandler(workflow.defineQuery('ask'), () => { throw Object.defineProperty(new Error('x'), 'message', { get() { throw new Error('from message'); } }); }); await sleep(1000); return 'went on'",
    then: asked,
    gives: "went on",
  },
  {
    code: "workflow.setHandler(workflow.defineQuery('ask'), () => { let read = 0; throw Object.defineProperty(new Error('x'), 'message', { get: () => (read++ < 1 ? 'text' : { toString() { throw new Error('changed'); } }) }); }); await sleep(1000); return 'went on'",
    then: asked,
    gives: "went on",
  },
  {
    code: "workflow.setHandler(workflow.defineQuery('ask'), () => { throw Object.defineProperty(new common.ApplicationFailure('x'), 'stack', { get() { throw new Error('from stack'); } }); }); await sleep(1000); return 'went on'",
    then: asked,
    gives: "went on",
  },
  {
    code: "workflow.setHandler(workflow.defineQuery('ask'), () => 10n); await sleep(1000); return 'went on'",
    then: asked,
    gives: "went on",
  },
  {
    code: "workflow.setHandler(workflow.defineQuery('ask'), () => { setTimeout(() => 1, 1); return 1; }); await sleep(1000); return 'went on'",
    then: asked,
    gives: "went on",
  },
  {
    code: "workflow.setHandler(workflow.defineQuery('ask'), () => { workflow.upsertMemo({ a: 1 }); return 1; }); await sleep(1000); return 'went on'",
    then: asked,
    gives: "went on",
  },
  {
    code: "workflow.setHandler(workflow.defineUpdate('change'), () => 1, { validator: () => { queueMicrotask(() => void sleep(1).catch(() => 1)); } }); await sleep(1000); return 'went on'",
    then: updated,
    fails: "sleep(...) can't be used in the validator of update 'change': it must not change the Workflow",
  },
  {
    code: "workflow.setHandler(workflow.defineUpdate('change'), () => 1, { validator: () => { workflow.CancellationScope.current().cancel(); } }); await sleep(1000); return 'went on'",
    then: updated,
    gives: "went on",
  },
  {
    code: "workflow.setHandler(workflow.defineUpdate('change'), () => 10n); await sleep(1000); return 'went on'",
    then: updated,
    fails: "Unable to convert 10 to payload",
  },
  {
    code: "workflow.setHandler(workflow.defineUpdate('change'), () => { throw new Error('from an update'); }); await sleep(1000); return 'went on'",
    then: updated,
    fails: "from an update",
  },
  {
    code: "workflow.setHandler(workflow.defineSignal('tell'), () => { throw new Error('from a signal'); }); await sleep(1000); return 'went on'",
    then: told,
    fails: "from a signal",
  },
  {
    code: "workflow.setHandler(workflow.defineSignal('tell'), () => { throw common.ApplicationFailure.nonRetryable('from a signal'); }); await sleep(1000); return 'went on'",
    then: told,
    ends: "from a signal",
  },
  {
    code: "workflow.setHandler(workflow.defineSignal('tell'), async () => { queueMicrotask(() => { throw new Error('later'); }); }); await sleep(1000); return 'went on'",
    then: told,
    fails: "later",
  },
  {
    code: "await workflow.condition(() => { throw new Error('from a condition'); }); return 'went on'",
    fails: "from a condition",
  },
  {
    code: "let asked = 0; await workflow.condition(() => { if (asked++ > 0) throw new Error('from a condition'); return false; }); return 'went on'",
    then: told,
    fails: "from a condition",
  },
  { code: "await workflow.sleep(NaN); return 'went on'", fails: "Invalid millis NaN" },
  { code: "await workflow.sleep(Infinity); return 'went on'", fails: "Invalid millis Infinity" },
  { code: "await workflow.sleep(-1); return 'went on'", gives: "went on" },
  {
    code: "await workflow.sleep({ valueOf() { throw new Error('x'); } }); return 'went on'",
    fails:
      "Invalid duration string: '[object Object]'. Write a number of milliseconds, or text like '10 seconds', '1.5h' or '2 days'",
  },
  {
    code: "await workflow.upsertMemo({ get a() { throw new Error('from a getter'); } }); return 'went on'",
    fails: "from a getter",
  },
  {
    code: "workflow.upsertSearchAttributes({ a: [Symbol('x')] }); await sleep(1000); return 'went on'",
    fails:
      "SearchAttribute values must arrays of strings, numbers, booleans, or Dates. The value Symbol(x) at index 0 is of type symbol",
  },
  {
    code: "workflow.setCurrentDetails?.({ toString() { throw new Error('x'); } }); await sleep(1000); return 'went on'",
    gives: "went on",
  },
  {
    code: "await workflow.proxyActivities({ startToCloseTimeout: 1000 }).act({ get a() { throw new Error('from a getter'); } })",
    fails: "Unable to convert [object Object] to payload",
  },
  {
    code: "await workflow.startChild({ toString() { throw new Error('x'); } })",
    fails: "Invalid workflow type: expected either a string or a function, got 'object'",
  },
  {
    code: "await workflow.continueAsNew({ get a() { throw new Error('from a getter'); } })",
    fails: "Unable to convert [object Object] to payload",
  },
  {
    code: "Array.prototype[Symbol.iterator] = function () { throw new Error('no iterator'); }; await sleep(1000); return 'went on'",
    gives: "went on",
    realmOnly: true,
  },
  {
    code: "Object.getPrototypeOf([].values()).next = () => { throw new Error('no next'); }; await sleep(1000); return 'went on'",
    gives: "went on",
    realmOnly: true,
  },
  {
    code: "Object.defineProperty(Array.prototype, '0', { set() { throw new Error('no elements'); }, get() { return 1; }, configurable: true }); await sleep(1000); return 'went on'",
    fails: "Array.prototype.0 is shared by all Workflows and can't be changed: elements can only have values",
    realmOnly: true,
  },
  {
    code: "Object.defineProperty(Object.prototype, 'get', { get() { throw new Error('no descriptors'); }, configurable: true }); await sleep(1000); return 'went on'",
    gives: "went on",
    realmOnly: true,
  },
  {
    code: "Object.defineProperty(Object.prototype, 'startTimer', { get() { throw new Error('no commands'); }, configurable: true }); await sleep(1000); return 'went on'",
    gives: "went on",
    realmOnly: true,
  },
  {
    code: "Object.prototype.seconds = { get low() { throw new Error('x'); } }; await sleep(1000); return 'went on'",
    gives: "went on",
    realmOnly: true,
  },
  {
    code: "Error.stackTraceLimit = { valueOf() { throw new Error('x'); } }; throw new Error('y')",
    fails: "y",
    realmOnly: true,
  },
  {
    code: "Error.stackTraceLimit = Infinity; (function f(n) { if (n > 0) return f(n - 1) + 1; throw new Error('deep'); })(5000)",
    fails: "deep",
    realmOnly: true,
  },
  {
    code: "delete Error.prototype.name; delete Error.prototype.message; throw new TypeError('x')",
    fails: "x",
    realmOnly: true,
  },
  {
    code: "const storage = new AsyncLocalStorage(); storage.run({ get a() { throw 1; } }, () => { queueMicrotask(() => { throw new Error('in a context'); }); }); await sleep(1000); return 'went on'",
    fails: "in a context",
    realmOnly: true,
  },
  { code: "debugger; return 'went on'", gives: "went on", realmOnly: true },
  { code: "new Function('throw new Error(\"from text\")')()", fails: "from text", realmOnly: true },
  {
    code: "await (0, eval)(\"import('node:fs')\")",
    fails:
      'import("node:fs") can\'t be used in Workflow code: import modules at the top of a file, so that they are bundled',
    realmOnly: true,
  },
];
