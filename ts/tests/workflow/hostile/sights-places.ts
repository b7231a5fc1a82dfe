/** The process, modules, the machine, and stacks. */
import type { Sight } from "./rows";

export const places: readonly Sight[] = [
  {
    code: "return process.env.HOME",
    fails:
      "undefined is not an object (evaluating 'process.env'). 'process' isn't available in Workflow code: do it in an Activity; pass configuration as an argument of the Workflow",
  },
  { code: "return typeof process", gives: "undefined" },
  {
    code: "return process.pid",
    fails:
      "undefined is not an object (evaluating 'process.pid'). 'process' isn't available in Workflow code: do it in an Activity; pass configuration as an argument of the Workflow",
  },
  { code: "return typeof process === 'undefined' && typeof Bun === 'undefined'", gives: true },
  {
    code: "return Bun.version",
    fails:
      "undefined is not an object (evaluating 'Bun.version'). 'Bun' isn't available in Workflow code: do it in an Activity",
  },
  { code: "return typeof globalThis.process", gives: "undefined" },
  {
    code: "return globalThis['pro' + 'cess'].pid",
    fails: "undefined is not an object (evaluating 'globalThis['pro' + 'cess'].pid')",
    staged: true,
  },
  {
    code: "return new Function('return process')()",
    fails:
      "process is not defined. 'process' isn't available in Workflow code: do it in an Activity; pass configuration as an argument of the Workflow",
    realmOnly: true,
  },
  {
    code: "return (0, eval)('process')",
    fails:
      "process is not defined. 'process' isn't available in Workflow code: do it in an Activity; pass configuration as an argument of the Workflow",
    realmOnly: true,
  },
  { code: "return (0, eval)('typeof Bun')", gives: "undefined", realmOnly: true },
  { code: "return eval('typeof process')", gives: "undefined" },
  {
    code: "return navigator.userAgent",
    fails:
      "undefined is not an object (evaluating 'navigator.userAgent'). 'navigator' isn't available in Workflow code: do it in an Activity",
  },
  { code: "return typeof navigator", gives: "undefined" },
  { code: "return new AsyncLocalStorage('name').run(1, () => 2)", gives: 2 },
  { code: "return typeof window + typeof document + typeof location", gives: "undefinedundefinedundefined" },
  { code: "return typeof Deno", gives: "undefined" },
  { code: "return __dirname", fails: "__dirname is not defined", staged: true },
  { code: "return __filename", fails: "__filename is not defined", staged: true },
  { code: "return typeof __dirname", gives: "undefined", staged: true },
  {
    code: "return require('node:fs').readFileSync('/etc/passwd')",
    fails:
      'require("node:fs") can\'t be used in Workflow code: import modules at the top of a file, so that they are bundled',
  },
  {
    code: "return require('fs')",
    fails:
      'require("fs") can\'t be used in Workflow code: import modules at the top of a file, so that they are bundled',
  },
  {
    code: "return require('bun')",
    fails:
      'require("bun") can\'t be used in Workflow code: import modules at the top of a file, so that they are bundled',
  },
  {
    code: "return require('bun:jsc')",
    fails:
      'require("bun:jsc") can\'t be used in Workflow code: import modules at the top of a file, so that they are bundled',
  },
  {
    code: "return require('node:os')",
    fails:
      'require("node:os") can\'t be used in Workflow code: import modules at the top of a file, so that they are bundled',
  },
  {
    code: "return require('node:process')",
    fails:
      'require("node:process") can\'t be used in Workflow code: import modules at the top of a file, so that they are bundled',
  },
  {
    code: "return require('node:worker_threads')",
    fails:
      'require("node:worker_threads") can\'t be used in Workflow code: import modules at the top of a file, so that they are bundled',
  },
  {
    code: "return require('node:vm')",
    fails:
      'require("node:vm") can\'t be used in Workflow code: import modules at the top of a file, so that they are bundled',
  },
  { code: "return Object.keys(require('node:util'))", gives: ["TextEncoder", "TextDecoder"] },
  {
    code: "return require({ toString: () => 'fs' })",
    fails: "require({}) can't be used in Workflow code: import modules at the top of a file, so that they are bundled",
  },
  {
    code: "return require({ replace: () => 'process' })",
    fails: "require({}) can't be used in Workflow code: import modules at the top of a file, so that they are bundled",
  },
  {
    code: "return require('__proto__')",
    fails:
      'require("__proto__") can\'t be used in Workflow code: import modules at the top of a file, so that they are bundled',
  },
  {
    code: "return require('constructor')",
    fails:
      'require("constructor") can\'t be used in Workflow code: import modules at the top of a file, so that they are bundled',
  },
  { code: "return typeof require.cache", gives: "undefined" },
  { code: "return typeof require.resolve", gives: "function" },
  { code: "return typeof module.require", gives: "undefined" },
  { code: "return Object.keys(module)", gives: ["exports"] },
  { code: "return typeof require.main", gives: "undefined" },
  {
    code: "return await waitFor(() => (0, eval)(\"import('node:fs')\"))",
    gives:
      'DeterminismViolationError: import("node:fs") can\'t be used in Workflow code: import modules at the top of a file, so that they are bundled',
  },
  {
    code: "return await waitFor(() => new Function(\"return import('node:fs')\")())",
    gives:
      'DeterminismViolationError: import("node:fs") can\'t be used in Workflow code: import modules at the top of a file, so that they are bundled',
  },
  {
    code: "return await waitFor(() => (0, eval)(\"import('bun:jsc')\"))",
    gives:
      'DeterminismViolationError: import("bun:jsc") can\'t be used in Workflow code: import modules at the top of a file, so that they are bundled',
  },
  {
    code: "return await waitFor(() => (0, eval)(\"import('data:text/javascript,export default 1')\"))",
    gives:
      'DeterminismViolationError: import("data:text/javascript,export default 1") can\'t be used in Workflow code: import modules at the top of a file, so that they are bundled',
  },
  {
    code: "return await waitFor(() => (0, eval)(\"import('/etc/passwd')\"))",
    gives:
      'DeterminismViolationError: import("/etc/passwd") can\'t be used in Workflow code: import modules at the top of a file, so that they are bundled',
  },
  {
    code: "return await waitFor(() => (0, eval)(\"import('temporal-bun-sdk/workflow')\"))",
    gives:
      'DeterminismViolationError: import("temporal-bun-sdk/workflow") can\'t be used in Workflow code: import modules at the top of a file, so that they are bundled',
  },
  {
    code: "try { await (0, eval)(\"import('node:fs')\"); } catch (error) { return [error instanceof Error, attempt(() => error.constructor.constructor('return typeof process')())]; }",
    gives: [true, "undefined"],
    realmOnly: true,
  },
  {
    code: "return await waitFor(() => new Function(\"return import({ toString() { return 'node:fs' } })\")())",
    gives:
      'DeterminismViolationError: import("node:fs") can\'t be used in Workflow code: import modules at the top of a file, so that they are bundled',
  },
  {
    code: "return await waitFor(() => new Function(\"return import('x', { with: { type: 'json' } })\")())",
    gives:
      'DeterminismViolationError: import("x") can\'t be used in Workflow code: import modules at the top of a file, so that they are bundled',
  },
  {
    code: "return attempt(() => new Function('return import.meta'))",
    gives: "SyntaxError: import.meta is only valid inside modules.",
  },
  {
    code: "return attempt(() => (0, eval)('import.meta.url'))",
    gives: "SyntaxError: import.meta is only valid inside modules.",
  },
  { code: "return new Intl.DateTimeFormat().resolvedOptions().timeZone", gives: "UTC" },
  { code: "return new Intl.DateTimeFormat().resolvedOptions().locale", gives: "en-US" },
  { code: "return Intl.DateTimeFormat().resolvedOptions().locale", gives: "en-US" },
  { code: "return new Intl.NumberFormat().resolvedOptions().locale", gives: "en-US" },
  { code: "return new Intl.Collator().resolvedOptions().locale", gives: "en-US" },
  { code: "return new Date(0).getTimezoneOffset()", gives: 0 },
  { code: "return new Date(0).getHours()", gives: 0 },
  { code: "return new Date(2024, 6, 1).toISOString()", gives: "2024-07-01T00:00:00.000Z" },
  { code: "return new Date(0).toString()", gives: "Thu Jan 01 1970 00:00:00 GMT+0000 (Coordinated Universal Time)" },
  { code: "return new Date('2024-01-01T00:00').toISOString()", gives: "2024-01-01T00:00:00.000Z" },
  { code: "return new Date(0).toLocaleString()", gives: "1/1/1970, 12:00:00 AM" },
  { code: "return (1234.5).toLocaleString()", gives: "1,234.5" },
  { code: "return ['ä', 'z', 'a'].sort((a, b) => a.localeCompare(b))", gives: ["a", "ä", "z"] },
  { code: "return 'I'.toLocaleLowerCase()", gives: "i" },
  { code: "return typeof Temporal === 'undefined' ? 'none' : Temporal.Now.timeZoneId()", gives: "UTC" },
  { code: "return Intl.supportedValuesOf('timeZone').length > 100", gives: true },
  // The SDK's own frames, by which the code was called, are left out.
  { code: "return new Error('x').stack.includes('/')", gives: false, realmOnly: true },
  { code: String.raw`return new Error('x').stack.split('\n').length > 1`, gives: true },
  { code: "return new Error('x').stack", repeats: true },
  {
    code: "return (() => { try { null.x; } catch (error) { return [error.line, error.sourceURL, error.column].map((x) => typeof x); } })()",
    gives: ["number", "undefined", "number"],
    realmOnly: true,
  },
  {
    code: "return (() => { try { null.x; } catch (error) { return [error.line ?? 0, String(error.sourceURL ?? '')].length; } })()",
    gives: 2,
    staged: true,
  },
  {
    code: String.raw`const target = {}; Error.captureStackTrace(target); return target.stack.split('\n').slice(1).every((line) => line.includes('workflow'))`,
    gives: true,
  },
  { code: "return new Error('x').sourceURL ?? 'none'", gives: "none", realmOnly: true },
  {
    code: "function outer() { return outer.caller; } return attempt(() => outer())",
    gives: "TypeError: 'arguments', 'callee', and 'caller' cannot be accessed in this context.",
  },
  { code: "return attempt(() => new Function('return arguments.callee.caller')())", gives: null },
  {
    code: "return attempt(() => (function f() { return f.arguments; })())",
    gives: "TypeError: 'arguments', 'callee', and 'caller' cannot be accessed in this context.",
  },
  {
    code: "return attempt(() => new Function('return (function f() { return f.caller; })()')() === null)",
    gives: false,
  },
  {
    code: "exports.seen = undefined; const f = new Function('return (function g() { let c = g.caller, n = 0; while (c && n < 20) { try { c = c.caller } catch { break } n++ } return String(c) })()'); return attempt(f)",
    gives: "null",
  },
  { code: "return [1].map(new Function('return (function g() { return String(g.caller) })()')).length", gives: 1 },
];
