/** The classes of the generated messages: what fields that aren't set read as. */

import { dirname } from "node:path";
import type { FileDescriptorProto } from "ts-proto-descriptors";

/** By the full name of a message: its fields, and what they read as, as src/proto/message-class.ts names it. */
export type FieldDefaults = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** Defaults by google.protobuf.FieldDescriptorProto.Type. Messages (11) have none. */
const DEFAULTS: Record<number, string> = {
  1: "0", // double
  2: "0", // float
  3: "INT64",
  4: "UINT64",
  5: "0", // int32
  8: "false",
  9: '""', // string
  12: "BYTES",
  13: "0", // uint32
  14: "0", // enum
};
const LABEL_REPEATED = 3;

/** The defaults of all fields that have any: what is declared `optional` hasn't. */
export function fieldDefaults(files: readonly FileDescriptorProto[]): FieldDefaults {
  const found = new Map<string, Map<string, string>>();
  const visit = (prefix: string, message: FileDescriptorProto["messageType"][number]): void => {
    const name = `${prefix}.${message.name}`;
    const entries = new Set(
      message.nestedType.filter(({ options }) => options?.mapEntry).map((entry) => `.${name}.${entry.name}`),
    );
    const fields = message.field.flatMap((field): [string, string][] => {
      const value =
        field.label === LABEL_REPEATED
          ? entries.has(field.typeName)
            ? "MAP"
            : "LIST"
          : field.proto3Optional
            ? undefined
            : DEFAULTS[field.type];
      return value === undefined ? [] : [[field.jsonName, value]];
    });
    found.set(name, new Map(fields));
    for (const nested of message.nestedType) visit(name, nested);
  };
  for (const file of files) for (const message of file.messageType) visit(file.package, message);
  return found;
}

/** Gives the messages of a module classes with the defaults of their fields. */
export function addClasses(text: string, path: string, defaults: FieldDefaults): string {
  // Only Core and this SDK see the former; the latter are bare values.
  if (path.startsWith("temporal/sdk/") || path === "google/protobuf/struct.ts") return text;
  return text.replaceAll(
    /function createBase(\w+)\(\): (\w+) \{\n {2}return \{\};\n\}\n[\s\S]*?(?=\nfunction createBase|\ninterface \w+Fns)/g,
    (code: string, name: string, type: string) => {
      const fullName = `${dirname(path).replaceAll("/", ".")}.${name.replaceAll("_", ".")}`;
      const fields = defaults.get(fullName);
      if (fields === undefined) throw new Error(`${path}: no .proto file declares ${fullName}`);
      const literal = [...fields].map(([field, value]) => `${field}: ${value}`).join(", ");
      return code
        .replace(
          /^function[\s\S]*?\n\}\n/,
          // Made when the first message of the type is: there are a thousand of them, and most are never needed.
          `let ${name}Class: (new () => ${type}) | undefined;\n` +
            `function createBase${name}(): ${type} {\n` +
            `  ${name}Class ??= messageClass<${type}>("${fullName}", {${literal === "" ? "" : ` ${literal} `}});\n` +
            `  return new ${name}Class();\n}\n`,
        )
        .replaceAll(
          /if \(message\.(\w+) === undefined\) \{(\n *message\.\w+ = (?:\[\]|\{\});)/g,
          (_, field: string, set: string) => `if (message.${field} === ${fields.get(field)}) {${set}`,
        );
    },
  );
}
