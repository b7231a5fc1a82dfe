/** Garbage, other threads, and copies. */
import type { Sight } from "./rows";

export const collector: readonly Sight[] = [
  {
    code: "return new WeakRef({}).deref()",
    fails:
      "WeakRef can't be used in Workflow code: it would show when garbage is collected, which isn't the same on replay",
  },
  {
    code: "return new FinalizationRegistry(() => 1)",
    fails:
      "FinalizationRegistry can't be used in Workflow code: it would show when garbage is collected, which isn't the same on replay",
  },
  { code: "return typeof WeakRef", gives: "function" },
  {
    code: "return new Function('return new WeakRef({})')()",
    fails:
      "WeakRef can't be used in Workflow code: it would show when garbage is collected, which isn't the same on replay",
    realmOnly: true,
  },
  {
    code: "return (0, eval)('new FinalizationRegistry(() => 1)')",
    fails:
      "FinalizationRegistry can't be used in Workflow code: it would show when garbage is collected, which isn't the same on replay",
    realmOnly: true,
  },
  { code: "return typeof gc", gives: "undefined" },
  { code: "return new Function('return typeof gc')()", gives: "undefined" },
  { code: "return typeof Bun?.gc", gives: "undefined" },
  { code: "return new Function('return typeof Loader')()", gives: "undefined" },
  { code: "return typeof $vm", gives: "undefined" },
  { code: "return new Function('return typeof jscDescribe')()", gives: "undefined" },
  { code: "return new Function('return typeof ShadowRealm')()", gives: "undefined", realmOnly: true },
  {
    code: "return new ShadowRealm()",
    fails:
      "undefined is not a constructor (evaluating 'new ShadowRealm()'). 'ShadowRealm' isn't available in Workflow code: do it in an Activity",
    staged: true,
  },
  { code: "return Object.getOwnPropertyNames(WebAssembly).includes('Memory')", gives: true },
  {
    code: "return await WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))",
    fails:
      "compile(...) can't be used in Workflow code: use new WebAssembly.Module(...) and new WebAssembly.Instance(...)",
  },
  {
    code: "return await WebAssembly.instantiate(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))",
    fails:
      "instantiate(...) can't be used in Workflow code: use new WebAssembly.Module(...) and new WebAssembly.Instance(...)",
  },
  {
    code: "return attempt(() => WebAssembly.compileStreaming(1))",
    gives:
      "TypeError: WebAssembly.compileStreaming is not a function. (In 'WebAssembly.compileStreaming(1)', 'WebAssembly.compileStreaming' is undefined)",
    realmOnly: true,
  },
  {
    code: "return attempt(() => WebAssembly.instantiateStreaming(1))",
    gives:
      "TypeError: WebAssembly.instantiateStreaming is not a function. (In 'WebAssembly.instantiateStreaming(1)', 'WebAssembly.instantiateStreaming' is undefined)",
    realmOnly: true,
  },
  { code: "return WebAssembly.validate(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))", gives: true },
  {
    code: "return new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])) instanceof WebAssembly.Module",
    gives: true,
  },
  {
    code: "return Object.keys(new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))).exports)",
    gives: [],
  },
  {
    code: "return await new Function('return WebAssembly.compile(new Uint8Array(8))')()",
    fails:
      "compile(...) can't be used in Workflow code: use new WebAssembly.Module(...) and new WebAssembly.Instance(...)",
  },
  {
    code: "return await waitFor(() => Promise.race([WebAssembly.compile(new Uint8Array(8)), 1]))",
    gives:
      "TypeError: compile(...) can't be used in Workflow code: use new WebAssembly.Module(...) and new WebAssembly.Instance(...)",
  },
  { code: "return typeof queueMicrotask(() => 1)", gives: "undefined" },
  { code: "return typeof structuredClone(new Map()).get", gives: "function" },
  { code: "return attempt(() => structuredClone(() => 1))", gives: "DataCloneError: function can't be cloned" },
  { code: "return attempt(() => structuredClone(Symbol('a')))", gives: "DataCloneError: symbol can't be cloned" },
  {
    code: "return attempt(() => structuredClone(new WeakMap()))",
    gives: "DataCloneError: [object WeakMap] can't be cloned",
  },
  { code: "return attempt(() => structuredClone({ get a() { throw new Error('getter'); } }))", gives: "Error: getter" },
  { code: "return new Error('x').memory ?? typeof performance?.memory", gives: "undefined" },
];
