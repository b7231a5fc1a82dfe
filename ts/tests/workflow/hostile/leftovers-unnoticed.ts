/**
 * Changes that show neither in a value nor in a name that `Object.keys` gives: what is not enumerable, has a symbol for
 * a name, is inherited with the same value, or is there again in another place.
 */
import type { Leftover } from "./rows";

export const unnoticed: readonly Leftover[] = [
  ...["String", "Array", "Function", "Map"].flatMap((name): Leftover[] => [
    {
      act: `Error.captureStackTrace(${name}.prototype)`,
      look: `Object.hasOwn(${name}.prototype, 'stack')`,
      is: false,
      own: true,
      realmOnly: true,
    },
    {
      act: `${name}.prototype[Symbol.for('left')] = 1`,
      look: `${name}.prototype[Symbol.for('left')] === 1`,
      is: false,
      own: true,
      realmOnly: true,
    },
    {
      act: `Object.defineProperty(${name}, 'left', { value: 1, configurable: true })`,
      look: `Object.hasOwn(${name}, 'left')`,
      is: false,
      own: true,
      realmOnly: true,
    },
    {
      act: `Reflect.setPrototypeOf(${name}.prototype, { left: 1 })`,
      look: `${name}.prototype.left === 1`,
      is: false,
      refused: `TypeError: ${name}.prototype.__proto__ is shared by all Workflows and can't be changed`,
      realmOnly: true,
    },
  ]),
  ...["Object.setPrototypeOf(Array.prototype, { left: 1 })", "Array.prototype.__proto__ = { left: 1 }"].map(
    (act): Leftover => ({
      act,
      look: "typeof [].left",
      is: "undefined",
      refused: "TypeError: Array.prototype.__proto__ is shared by all Workflows and can't be changed",
      realmOnly: true,
    }),
  ),
  ...["get() { return 1; }", "set() {}", "value: 1, writable: false"].map(
    (descriptor): Leftover => ({
      act: `Object.defineProperty(Object.prototype, '7', { ${descriptor}, configurable: true })`,
      look: "typeof [][7]",
      is: "undefined",
      refused:
        "TypeError: Object.prototype.7 is shared by all Workflows and can't be changed: elements can only have values",
      realmOnly: true,
    }),
  ),
  {
    act: "delete TypeError.prototype.message",
    look: "Object.hasOwn(TypeError.prototype, 'message')",
    is: true,
    own: false,
    realmOnly: true,
  },
  {
    act: "const { map } = Array.prototype; delete Array.prototype.map; Array.prototype.map = map",
    look: "Object.keys(Array.prototype)",
    is: [],
    own: ["map"],
    realmOnly: true,
  },
  {
    act: "delete Array.prototype[Symbol.unscopables]; Array.prototype[Symbol.for('left')] = 1",
    look: "[Symbol.unscopables in Array.prototype, Symbol.for('left') in Array.prototype]",
    is: [true, false],
    own: [false, true],
    realmOnly: true,
  },
  {
    act: "Object.defineProperty(new Function('return this')(), 'left', { value: 1, configurable: true })",
    look: "typeof left",
    is: "undefined",
    own: "number",
    realmOnly: true,
  },
  {
    act: "Object.defineProperty(new Function('return this')(), 'left', { value: 1, configurable: true }); Buffer.from('x')",
    look: "typeof left",
    is: "undefined",
    own: "number",
    realmOnly: true,
  },
  {
    act: "new Function('return this')()[Symbol.for('left')] = 1",
    look: "Symbol.for('left') in new Function('return this')()",
    is: false,
    own: true,
    realmOnly: true,
  },
];
