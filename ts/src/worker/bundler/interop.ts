import { dirname, resolve } from "node:path";
import { packageOf } from "./packages";

/**
 * Makes a bundle treat CommonJS modules as Bun's runtime does. `Bun.build` goes by who imports: for importers in a
 * package of `"type": "module"` the default is always the whole `module.exports`. The runtime goes by what is imported,
 * so that a module has one default, whoever asks: `exports.default` of what a compiler made of ECMAScript modules,
 * unless it is itself in such a package.
 *
 * Only the bundler's own helpers are exchanged, each by as many lines, so the source map holds. What a hook has
 * minified has no helpers that can be found, and stays as it is.
 *
 * @param code what `Bun.build` wrote, with the comments that name the files
 * @param resolved what `require.resolve` gives: `Bun.build` puts it in place of the call in some modules alone
 */
export function withRuntimeInterop(code: string, resolved: Readonly<Record<string, string>>): string {
  for (const [helper, text] of helpers) {
    code = code.replace(helper, (found) => text + "\n".repeat(found.split("\n").length - 1));
  }
  code = code.replace(wrapped, (found, file: string, before: string) =>
    /^[a-z]{2,}:/.test(file) || packageOf(dirname(resolve(file)))?.["type"] !== "module"
      ? found
      : `// ${file}\n${before}__nodeCommonJS(`,
  );
  return Object.keys(resolved).length === 0 ? code : resolving(resolved) + code;
}

function resolving(resolved: Readonly<Record<string, string>>): string {
  return (
    "require = ((require, files) => Object.assign((name) => require(name), " +
    `{ resolve: (name) => files[name] ?? require.resolve(name) }))(require, { __proto__: null, ...${JSON.stringify(resolved)} }); `
  );
}

const wrapped = /^\/\/ (.+)\n(var \w+ = )__commonJS\(/gm;

const helpers: readonly (readonly [RegExp, string])[] = [
  [
    /^var __toESM = \(mod, isNodeMode, target\) => \{\n[\s\S]*?\n\};/m,
    oneLine(`
      var __toESMCache, __nodeModules, __isEnumerable = Object.prototype.propertyIsEnumerable;
      var __toESM = (mod) => {
        var isObject = mod != null && (typeof mod === "object" || typeof mod === "function");
        var known = isObject && __toESMCache && __toESMCache.get(mod);
        if (known) return known;
        var target = mod != null ? __create(__getProtoOf(mod)) : {};
        var isCompiled = isObject && mod.__esModule && !(__nodeModules && __nodeModules.has(mod));
        var names = isObject ? __getOwnPropNames(mod) : [];
        if (!isCompiled || !__hasOwnProp.call(mod, "default")) __defProp(target, "default", { value: mod, enumerable: true });
        for (let key of names)
          if (!__hasOwnProp.call(target, key) && !(isCompiled && (key === "__esModule" || !__isEnumerable.call(mod, key))))
            __defProp(target, key, { get: __accessProp.bind(mod, key), enumerable: true });
        if (isObject) (__toESMCache ||= new WeakMap).set(mod, target);
        return target;
      };
    `),
  ],
  [
    /^var __commonJS = \(cb, mod\) => .*$/m,
    oneLine(`
      var __nodeModules;
      var __commonJS = (cb, mod) => () => {
        if (!mod) {
          mod = { exports: {} };
          try { cb(mod.exports, mod); } catch (error) { mod = undefined; throw error; }
        }
        return mod.exports;
      };
      var __nodeCommonJS = (cb) => {
        var load = __commonJS(cb);
        return () => {
          var exports = load();
          if (typeof exports === "object" ? exports !== null : typeof exports === "function")
            (__nodeModules ||= new WeakSet).add(exports);
          return exports;
        };
      };
    `),
  ],
  [
    /^ {2}entry = __defProp\(\{\}, "__esModule", \{ value: true \}\);$/m,
    oneLine(`
      if (from && __hasOwnProp.call(from, "module.exports")) return from["module.exports"];
      entry = __defProp({}, "__esModule", { value: true });
    `),
  ],
];

function oneLine(text: string): string {
  return text.trim().replaceAll(/\s*\n\s*/g, " ");
}
