import type { StandardSchema } from "temporal-bun-sdk/flow";

/**
 * A schema that asks for some fields. A project would use `z.object({ … })` of zod, or what valibot or arktype have:
 * they all follow Standard Schema, and say more of what is wrong.
 */
export function object<T extends object>(...fields: (keyof T & string)[]): StandardSchema<T> {
  return {
    "~standard": {
      version: 1,
      vendor: "example",
      validate: (value) => {
        const missing = fields.filter((field) => (value as T | null)?.[field] === undefined);
        return missing.length === 0
          ? { value: value as T }
          : { issues: missing.map((field) => ({ message: "is missing", path: [field] })) };
      },
    },
  };
}
