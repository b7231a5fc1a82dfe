/** Clocks. */
import type { Sight } from "./rows";

export const clocks: readonly Sight[] = [
  { code: "return Date.now()", gives: 1700000001123, staged: true },
  { code: "return new Date().getTime()", gives: 1700000001123, staged: true },
  { code: "return new Date().toISOString()", gives: "2023-11-14T22:13:21.123Z", staged: true },
  { code: "return Date().length > 20 && Date() === Date('2001-01-01')", gives: true },
  { code: "return +new Date()", gives: 1700000001123, staged: true },
  { code: "return Reflect.construct(Date, []).getTime()", gives: 1700000001123, staged: true },
  { code: "return new (class extends Date {})().getTime()", gives: 1700000001123, staged: true },
  { code: "return new Date(0).constructor.now()", gives: 1700000001123, staged: true },
  {
    code: "return new (Object.getPrototypeOf(new Date(0)).constructor)().getTime()",
    gives: 1700000001123,
    staged: true,
  },
  { code: "return [Date.name, Date.length, String(Date.prototype.constructor === Date)]", gives: ["Date", 7, "true"] },
  { code: "return new Function('return Date.now()')()", gives: 1700000001123, staged: true },
  { code: "return (0, eval)('Date.now()')", gives: 1700000001123, staged: true },
  { code: "return (0, eval)('new Date().getTime()')", gives: 1700000001123, staged: true },
  { code: "return new (new Function('return Date')())().getTime()", gives: 1700000001123, staged: true },
  { code: "return Reflect.construct(Object, [], Date) instanceof Date", gives: true },
  {
    code: "const one = Date.now(); let sum = 0; for (let index = 0; index < 1e5; index++) sum += index; return Date.now() - one",
    gives: 0,
  },
  { code: "const one = Date.now(); await sleep(1000); return Date.now() - one >= 1000", gives: true },
  {
    code: "return new Intl.DateTimeFormat('en', { timeZone: 'UTC', dateStyle: 'short', timeStyle: 'long' }).format()",
    gives: "11/14/23, 10:13:21 PM UTC",
    staged: true,
  },
  {
    code: "return new Intl.DateTimeFormat('en', { timeZone: 'UTC', timeStyle: 'long' }).format(undefined)",
    gives: "10:13:21 PM UTC",
    staged: true,
  },
  {
    code: "return new Intl.DateTimeFormat('en', { timeZone: 'UTC', timeStyle: 'long' }).formatToParts().map((part) => part.value).join('')",
    gives: "10:13:21 PM UTC",
    staged: true,
  },
  {
    code: "return new Intl.DateTimeFormat('en', { timeZone: 'UTC', fractionalSecondDigits: 3, second: 'numeric' }).format()",
    gives: "21.123",
    staged: true,
  },
  {
    code: "return [undefined].map(new Intl.DateTimeFormat('en', { timeZone: 'UTC', timeStyle: 'long' }).format)",
    gives: ["10:13:21 PM UTC"],
    staged: true,
  },
  {
    code: "return Object.getOwnPropertyDescriptor(Intl.DateTimeFormat.prototype, 'format').get.call(new Intl.DateTimeFormat('en', { timeZone: 'UTC', timeStyle: 'long' }))()",
    gives: "10:13:21 PM UTC",
    staged: true,
  },
  {
    code: "return new Intl.DateTimeFormat('en', { timeZone: 'UTC', dateStyle: 'short' }).formatRange(0, 86_400_000)",
    gives: "1/1/70 – 1/2/70",
  },
  {
    code: "return attempt(() => new Intl.DateTimeFormat('en', { timeZone: 'UTC', timeStyle: 'long' }).formatRange(undefined, undefined))",
    gives: "TypeError: startDate or endDate is undefined",
  },
  {
    code: "return attempt(() => new Intl.DateTimeFormat('en', { timeZone: 'UTC', timeStyle: 'long' }).formatRangeToParts())",
    gives: "TypeError: startDate or endDate is undefined",
  },
  {
    code: "return Intl.DateTimeFormat('en', { timeZone: 'UTC', timeStyle: 'long' }).format()",
    gives: "10:13:21 PM UTC",
    staged: true,
  },
  {
    code: "return new Date().toLocaleString('en', { timeZone: 'UTC' })",
    gives: "11/14/2023, 10:13:21 PM",
    staged: true,
  },
  {
    code: "return new Date().toLocaleTimeString('en', { timeZone: 'UTC', timeStyle: 'long' })",
    gives: "10:13:21 PM UTC",
    staged: true,
  },
  {
    code: "return new (Intl.DateTimeFormat.prototype.constructor)('en', { timeZone: 'UTC', timeStyle: 'long' }).format()",
    gives: "10:13:21 PM UTC",
    staged: true,
  },
  {
    code: 'return (0, eval)(\'new Intl.DateTimeFormat("en", { timeZone: "UTC", timeStyle: "long" })\').format()',
    gives: "10:13:21 PM UTC",
    staged: true,
  },
  {
    code: "return typeof Temporal === 'undefined' ? 'none' : Temporal.Now.instant().epochMilliseconds === Date.now()",
    gives: true,
  },
  {
    code: "return typeof Temporal === 'undefined' ? true : Temporal.Now.zonedDateTimeISO('UTC').epochMilliseconds === Date.now()",
    gives: true,
  },
  {
    code: "return typeof Temporal === 'undefined' ? true : String(Temporal.Now.plainDateISO('UTC')) === new Date().toISOString().slice(0, 10)",
    gives: true,
  },
  {
    code: "return typeof Temporal === 'undefined' ? true : String(Temporal.Now.plainTimeISO('UTC')).slice(0, 8) === new Date().toISOString().slice(11, 19)",
    gives: true,
  },
  {
    code: "return typeof Temporal === 'undefined' ? true : String(Temporal.Now.plainDateTimeISO('UTC')).slice(0, 19) === new Date().toISOString().slice(0, 19)",
    gives: true,
  },
  {
    code: "return typeof Temporal === 'undefined' ? 'none' : new Function('return Temporal.Now.instant().epochMilliseconds')()",
    gives: 1700000001123,
    staged: true,
  },
  { code: "return typeof performance", gives: "undefined" },
  {
    code: "return performance.now()",
    fails:
      "undefined is not an object (evaluating 'performance.now'). 'performance' isn't available in Workflow code: take times with Date, which is the same on replay",
  },
  { code: "return typeof performance?.now", gives: "undefined" },
  { code: "return new Function('return typeof performance')()", gives: "undefined", realmOnly: true },
  {
    code: "return globalThis.performance.now()",
    fails:
      "undefined is not an object (evaluating 'globalThis.performance.now'). 'performance' isn't available in Workflow code: take times with Date, which is the same on replay",
  },
  { code: "return typeof new Event('a').timeStamp", gives: "undefined" },
  { code: "return new CustomEvent('a').timeStamp ?? 'none'", gives: "none" },
  {
    code: "return process.hrtime()",
    fails:
      "undefined is not an object (evaluating 'process.hrtime'). 'process' isn't available in Workflow code: do it in an Activity; pass configuration as an argument of the Workflow",
  },
  {
    code: "return Bun.nanoseconds()",
    fails:
      "undefined is not an object (evaluating 'Bun.nanoseconds'). 'Bun' isn't available in Workflow code: do it in an Activity",
  },
  {
    code: "return AbortSignal.timeout(1)",
    fails: "timeout(...) can't be used in Workflow code: use CancellationScope.withTimeout(...)",
  },
  {
    code: "return attempt(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1))",
    gives: "TypeError: wait(...) can't be used in Workflow code: use condition(...)",
  },
  {
    code: "return attempt(() => Atomics.waitAsync(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1))",
    gives: "TypeError: waitAsync(...) can't be used in Workflow code: use condition(...)",
  },
  {
    code: "return attempt(() => new Function('return Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)')())",
    gives: "TypeError: wait(...) can't be used in Workflow code: use condition(...)",
  },
  { code: "return typeof Atomics.pause", gives: "function" },
  { code: "setInterval(() => 1, 1)", fails: "setInterval can't be used in Workflow code: use sleep() in a loop" },
  {
    code: "setImmediate(() => 1)",
    fails:
      "setImmediate is not a function. (In 'setImmediate(() => 1)', 'setImmediate' is undefined). 'setImmediate' isn't available in Workflow code: use setTimeout(callback) or sleep(), which are the same on replay",
  },
  { code: "return typeof setTimeout(() => 1, 5)", gives: "number" },
  { code: "return typeof requestAnimationFrame", gives: "undefined" },
  { code: "return typeof requestIdleCallback", gives: "undefined" },
  { code: "return workflow.workflowInfo().startTime.getTime()", gives: 1700000000123, staged: true },
  { code: "return workflow.workflowInfo().runStartTime.getTime()", gives: 1700000001123, staged: true },
  { code: "return typeof scheduler", gives: "undefined" },
  { code: "return new Error('x').timestamp ?? 'none'", gives: "none" },
  { code: "console.time?.('a'); return typeof console.time", gives: "undefined" },
  { code: "return typeof new Function('return console')().time", gives: "undefined", realmOnly: true },
  { code: "return new Function('return typeof console.timeEnd')()", gives: "undefined", realmOnly: true },
];
