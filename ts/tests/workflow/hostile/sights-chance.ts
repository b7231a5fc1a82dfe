/** Randomness, memory, and order. */
import type { Sight } from "./rows";

export const chance: readonly Sight[] = [
  { code: "return Math.random()", gives: 0.3047673921100795, staged: true },
  { code: "return [Math.random(), Math.random()]", gives: [0.3047673921100795, 0.5259726629592478], staged: true },
  { code: "return (0, eval)('Math.random()')", gives: 0.3047673921100795, staged: true },
  { code: "return new Function('return Math.random()')()", gives: 0.3047673921100795, staged: true },
  { code: "const { random } = Math; return random()", gives: 0.3047673921100795, staged: true },
  { code: "return Reflect.apply(Math.random, null, [])", gives: 0.3047673921100795, staged: true },
  { code: "return workflow.uuid4()", gives: "4e053c5e-86a6-44fa-b5e6-664a5d165947", staged: true },
  { code: "return [workflow.uuid4() === workflow.uuid4()]", gives: [false] },
  { code: "return typeof crypto", gives: "undefined" },
  {
    code: "return crypto.randomUUID()",
    fails:
      "undefined is not an object (evaluating 'crypto.randomUUID'). 'crypto' isn't available in Workflow code: use uuid4() or Math.random(), which are the same on replay, or generate secrets in an Activity",
  },
  {
    code: "return crypto.getRandomValues(new Uint8Array(1))",
    fails:
      "undefined is not an object (evaluating 'crypto.getRandomValues'). 'crypto' isn't available in Workflow code: use uuid4() or Math.random(), which are the same on replay, or generate secrets in an Activity",
  },
  { code: "return typeof globalThis.crypto?.subtle", gives: "undefined" },
  { code: "return new Function('return typeof crypto')()", gives: "undefined", realmOnly: true },
  {
    code: "return require('node:crypto').randomBytes(1)",
    fails:
      'require("node:crypto") can\'t be used in Workflow code: import modules at the top of a file, so that they are bundled',
  },
  {
    code: "return require('crypto')",
    fails:
      'require("crypto") can\'t be used in Workflow code: import modules at the top of a file, so that they are bundled',
  },
  { code: "return [3, 1, 2, 5, 4].sort(() => Math.random() - 0.5)", gives: [1, 3, 5, 2, 4], staged: true },
  { code: "return [...Buffer.allocUnsafe(64)].some((byte) => byte !== 0)", gives: false },
  { code: "return [...Buffer.allocUnsafeSlow(64)].some((byte) => byte !== 0)", gives: false },
  { code: "return [...Buffer.alloc(4)]", gives: [0, 0, 0, 0] },
  {
    code: "return new Uint8Array(Buffer.from('a').buffer).length < 100_000 && [...new Uint8Array(Buffer.from('a').buffer)].filter((byte) => byte !== 0).length",
    gives: 1,
  },
  { code: "return Buffer.from('a').byteOffset", gives: 0 },
  { code: "Buffer.from('b'); return Buffer.from('a').byteOffset", gives: 0 },
  { code: "return Buffer.from('abc').buffer.byteLength", gives: 3 },
  { code: "return Buffer.concat([Buffer.from('a')], 8).toString('hex')", gives: "6100000000000000" },
  { code: "return new Uint8Array(8).join('')", gives: "00000000" },
  { code: "return [...new Float64Array(4)]", gives: [0, 0, 0, 0] },
  { code: "return new ArrayBuffer(8).byteLength", gives: 8 },
  { code: "return [...new Uint8Array(new SharedArrayBuffer(4))]", gives: [0, 0, 0, 0] },
  {
    code: "return [...new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer.slice(0, 4))]",
    gives: [0, 0, 0, 0],
  },
  { code: "return [...new Uint8Array(new ArrayBuffer(4, { maxByteLength: 8 }))]", gives: [0, 0, 0, 0] },
  {
    code: "const b = new ArrayBuffer(2, { maxByteLength: 16 }); b.resize(16); return [...new Uint8Array(b)]",
    gives: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  },
  { code: "return [...new Uint8Array(new ArrayBuffer(2).transfer(8))]", gives: [0, 0, 0, 0, 0, 0, 0, 0] },
  { code: "return new TextEncoder().encode('a').buffer.byteLength", gives: 1 },
  { code: "return new TextEncoder().encode('ü').byteOffset", gives: 0 },
  { code: "return Symbol('a').toString()", gives: "Symbol(a)" },
  { code: "return [...new Set([{}, {}])].length", gives: 2 },
  { code: "return workflow.workflowInfo().unsafe.isReplaying === undefined", gives: false },
  {
    code: "const order = []; const map = new Map(); for (const key of ['b', 'a', 2, 1]) map.set(key, 1); return [...map.keys()]",
    gives: ["b", "a", 2, 1],
  },
  { code: "return Object.keys({ b: 1, a: 1, 2: 1, 1: 1 })", gives: ["1", "2", "b", "a"] },
  { code: "return Object.getOwnPropertyNames(globalThis)", gives: ["globalThis", "global", "self"] },
  { code: "return Reflect.ownKeys(Array.prototype).length", gives: 42 },
];
