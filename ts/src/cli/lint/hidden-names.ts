/**
 * Finds in bundled Workflow code the uses of names that such code doesn't have.
 *
 * The bundler itself tells names of the platform from variables of the same name: it is told to write a marker for
 * each. What asks whether a name is there is answered as it would be in a Workflow, and the compiler removes the code
 * that then can't be reached, with the markers in it.
 */
import { hintFor, isAvailable, refused, selfNames, throwing } from "../../workflow-realm/names";

/** A use of a name that Workflow code doesn't have. */
interface HiddenName {
  /** Such as `fetch`, `Atomics.wait`, or `require` of a text that isn't written there. */
  name: string;
  message: string;
  /** What to do instead. */
  instead: string;
  /** Where it stands in the code. */
  offset: number;
}

const prefix = "__temporalLint_";
const hidden = Object.getOwnPropertyNames(globalThis).filter((name) => !isAvailable(name));
const functions = new Set(throwing);
const hints: Readonly<Record<string, string>> = refused;

/** What `define` of the bundler must have, so that names can be found. */
export const markers: Readonly<Record<string, string>> = Object.fromEntries([
  ...hidden.map((name) => [name, `${prefix}${name}`]),
  ...selfNames.map((name) => [name, `${prefix}globalThis`]),
  ...Object.keys(refused).map((path) => [path, `${prefix}${path.replace(".", "$")}`]),
]);

/** A marker; of the global object's with the property that is asked for. */
const pattern = new RegExp(String.raw`\b${prefix}([\w$]+)(?:(?<=globalThis)(?:\.(\w+)|\["(\w+)"\]))?`, "g");

/**
 * Finds them.
 *
 * @param code a bundle that was made with {@link markers}
 * @param sourceAt the text of the source from a place in the code on; undefined where nothing is to be found
 */
export function findHiddenNames(code: string, sourceAt: (offset: number) => string | undefined): HiddenName[] {
  const found: HiddenName[] = [];
  const given = new Set<string>();
  const numbered = code.replace(pattern, (text: string, marker: string, dotted = "", quoted = "", offset: number) => {
    let name = marker.replace("$", ".");
    if (name === "globalThis") {
      name = dotted || quoted;
      if (!hidden.includes(name)) return text.slice(prefix.length);
    }
    const after = code.slice(offset + text.length, offset + text.length + 40);
    // Code that brings its own.
    if (/^\s*(?:=(?![=>])|[|?&]{2}=)/.test(after)) {
      given.add(name);
      return "globalThis.given";
    }
    const answer = answerFor(name, code.slice(Math.max(0, offset - 40), offset), after);
    if (answer !== undefined) return answer;
    if (sourceAt(offset) === undefined) return "globalThis.elsewhere";
    return `${prefix}${found.push({ name, ...adviceFor(name), offset }) - 1}_`;
  });
  if (found.length === 0) return dynamicImports(code, sourceAt);
  const reached = reachedIn(numbered);
  const used = found.filter(({ name }, index) => reached.has(index) && !given.has(name));
  return [...used, ...dynamicImports(code, sourceAt)];
}

/** What stands for a name where it is only asked for; undefined where it is used. */
function answerFor(name: string, before: string, after: string): string | undefined {
  const isThere = functions.has(name) || name.includes(".");
  if (!isThere && /^\?\./.test(after)) return "(void 0)";
  if (/^(?:[.[(`]|\?\.)/.test(after) || /\bnew\s+$/.test(before)) return undefined;
  const isAsked =
    /\btypeof\s+$/.test(before) ||
    /^\s*(?:&&|\|\||\?|[=!]==?(?!>))/.test(after) ||
    /(?:!|[=!]==?\s+|\b(?:if|while)\s*\()$/.test(before) ||
    (/(?:&&|\|\|)\s+$/.test(before) && /^\s*\)\s*(?:\{|return|throw|\?|&&)/.test(after));
  if (!isAsked) return undefined;
  return isThere ? "(function () {})" : "(void 0)";
}

function adviceFor(name: string): Pick<HiddenName, "message" | "instead"> {
  const instead = hints[name] ?? hintFor(name);
  if (functions.has(name) || name.includes(".")) return { message: `${name} can't be used in Workflow code`, instead };
  return { message: `${name} isn't there in Workflow code`, instead };
}

/** Numbers of the markers that are left when what can't be reached is gone. */
function reachedIn(code: string): Set<number> {
  let left = code;
  try {
    left = simplified(code, {});
    // What a module finds out when it begins, and others ask: `const isNode = typeof process !== "undefined"`.
    const known: Record<string, string> = {};
    const rest = left.replace(/^(?:var|let|const) (\w+) = (!0|!1|void 0);$/gm, (line, name: string, value: string) => {
      const assignments = new RegExp(
        String.raw`\b${name}\s*(?:[-+*/%&|^?<>]*=(?![=>])|\+\+|--)|(?:\+\+|--)${name}\b`,
        "g",
      );
      if ([...left.matchAll(assignments)].length > 1) return line;
      known[name] = value === "void 0" ? "undefined" : String(value === "!0");
      return "";
    });
    if (Object.keys(known).length > 0) left = simplified(rest, known);
  } catch {
    // Old packages may have code that only the bundle as a whole can hold: then nothing is taken away.
  }
  return new Set([...left.matchAll(new RegExp(`${prefix}(\\d+)_`, "g"))].map(([, index]) => Number(index)));
}

function simplified(code: string, define: Record<string, string>): string {
  const options = { loader: "js", define, inline: true, minify: { syntax: true } };
  return new Bun.Transpiler(options as Bun.TranspilerOptions).transformSync(code);
}

/** Imports of what a program decides when it runs. */
function dynamicImports(code: string, sourceAt: (offset: number) => string | undefined): HiddenName[] {
  return (
    [...code.matchAll(/(?<![.\w$])(import|require)\((?!["']|`[^`$]*`|\s*\))/g)]
      // Not those in texts: these come from where the text begins.
      .filter(({ 1: name = "", index }) => sourceAt(index)?.startsWith(name))
      .map(({ 1: name = "", index }) => ({
        name,
        message: `${name}() of what is named at run time can't be used in Workflow code`,
        instead: hintFor("require"),
        offset: index,
      }))
  );
}
