/** Making generated protobufjs roots look like the types that are generated for them. */

/** Properties of protobufjs's own objects; a package or message of such a name must be looked up instead. */
const reserved: ReadonlySet<string> = new Set([
  "options",
  "parsedOptions",
  "name",
  "parent",
  "resolved",
  "comment",
  "filename",
  "nested",
  "_nestedArray",
]);

/**
 * A copy of a protobufjs root whose packages and messages are properties (`root.shop.v1.Order`), which is what the
 * types that `pbts` generates say.
 *
 * @param root what a module made by `pbjs -t json-module` exports
 */
export function patchProtobufRoot<T extends Record<string, unknown>>(root: T): T {
  const patched = promote(root);
  // Own and enumerable, so that they survive `import * as root`, which makes a new object of the enumerable properties.
  Object.defineProperties(patched, {
    root: {
      get(this: { parent: unknown }) {
        let top = this;
        while (top.parent !== null) top = top.parent as typeof this;
        return top;
      },
      enumerable: true,
      configurable: true,
    },
    constructor: { value: root.constructor, enumerable: true, writable: true, configurable: true },
  });
  return patched as T;
}

function promote(namespace: Record<string, unknown>): Record<string, unknown> {
  const copy = Object.create(Object.getPrototypeOf(namespace)) as Record<string, unknown>;
  // Methods too, for the same reason as above. `root` is computed by a getter of the prototype.
  for (const key in namespace) if (key !== "root") copy[key] = namespace[key];
  for (const [name, value] of Object.entries((namespace.nested ?? {}) as Record<string, object>)) {
    if (reserved.has(name)) continue;
    const { className } = value.constructor as { className?: string };
    if (className === "Namespace") copy[name] = promote(value as Record<string, unknown>);
    else if (className === "Type") copy[name] = value;
  }
  return copy;
}
