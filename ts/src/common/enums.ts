/**
 * Conversion between the string constants that the API uses and the numbers of protobuf enumerations.
 *
 * The string constants keep generated code out of workflows and read better: "PINNED", not VERSIONING_BEHAVIOR_PINNED.
 */

import { ValueError } from "./errors";

/**
 * Makes the two functions that convert one enumeration.
 *
 * `encode` takes a name with or without the prefix ("UNSPECIFIED" among them), a number (unchanged) or nothing
 * (undefined), and throws `ValueError` for another name. `decode` returns undefined for nothing and for "unspecified",
 * and "unknown_N" for a number that this version does not know.
 *
 * @param prefix what the protobuf names begin with, e.g. "RETRY_STATE_"
 * @param table numbers by name; a protobuf value named "unspecified" is left out
 */
export function makeEnumConverters<const Prefix extends string, const Table extends Record<string, number>>(
  prefix: Prefix,
  table: Table,
): [
  encode: (
    value: (keyof Table & string) | `${Prefix}${keyof Table & string}` | number | null | undefined,
  ) => number | undefined,
  decode: (value: number | null | undefined) => (keyof Table & string) | undefined,
] {
  type Name = keyof Table & string;
  const names = new Map<number, Name>(Object.entries(table).map(([name, value]) => [value, name]));
  // Zero means "unspecified" unless the enumeration gives it a meaning.
  const encode = (value: string | number | null | undefined): number | undefined => {
    if (value == null) return undefined;
    if (typeof value === "number") return value;
    if (typeof value === "string") {
      const name = value.startsWith(prefix) ? value.slice(prefix.length) : value;
      if (Object.hasOwn(table, name)) return table[name];
      if (name === "UNSPECIFIED") return 0;
    }
    throw new ValueError(`Invalid enum value: '${String(value)}'. Valid values are: ${Object.keys(table).join(", ")}`);
  };
  const decode = (value: number | null | undefined): Name | undefined => {
    if (value == null) return undefined;
    if (typeof value !== "number") throw new ValueError(`Invalid enum value: '${String(value)}', expected a number`);
    const name = names.get(value);
    if (name !== undefined) return name;
    return value === 0 ? undefined : (`unknown_${value}` as Name);
  };
  return [encode, decode];
}
