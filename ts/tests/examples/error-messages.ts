/** The messages of errors that the sources make, with `…` for what differs. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./guides";

/** A message, and where it stands. */
interface Message {
  text: string;
  /** Relative to the repository. */
  file: string;
}

/**
 * Source files below a folder that are written by hand. The command line's are left out: each of its messages is for
 * the terminal, and says what to do.
 */
function sources(folder: string, ending: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter(
      (path) =>
        path.endsWith(ending) && !/(^|\/)(google|grpc|rpc|temporal|cli)\/|\.generated\.|\/reference\.rs/.test(path),
    )
    .map((path) => join(folder, path))
    .sort();
}

/** A literal that begins at a place of a source, with `…` for its expressions, and where it ends. */
function literal(source: string, from: number): { text: string; end: number } | undefined {
  const quote = source[from];
  if (quote !== '"' && quote !== "`" && quote !== "'") return undefined;
  let text = "";
  let at = from + 1;
  for (; source[at] !== quote; at++) {
    if (source[at] === "\\") {
      at++;
      text += source[at] === "n" ? " " : source[at];
    } else if (quote === "`" && source.startsWith("${", at)) {
      let depth = 0;
      for (at++; ; at++) {
        if (source[at] === "{") depth++;
        if (source[at] === "}" && --depth === 0) break;
      }
      text += "…";
    } else text += source[at];
  }
  return { text, end: at + 1 };
}

const skipSpace = (source: string, at: number) => at + /^\s*/.exec(source.slice(at))![0].length;

/** Literals that are added up, beginning at a place of a source. What is added that is none becomes `…`. */
function sum(source: string, from: number): string | undefined {
  let found = literal(source, skipSpace(source, from));
  if (found === undefined) return undefined;
  let text = found.text;
  for (;;) {
    const at = skipSpace(source, found.end);
    if (source[at] !== "+") return text;
    found = literal(source, skipSpace(source, at + 1));
    if (found === undefined) return `${text}…`;
    text += found.text;
  }
}

const words = (text: string) => text.split(/\s+/).length;

/** The longer literals in what a call is given: for a message that depends on something. */
function literalsOfCall(source: string, from: number): string[] {
  const found: string[] = [];
  for (let at = from, depth = 1; depth > 0; at++) {
    const text = literal(source, at);
    if (text) {
      if (words(text.text) > 3) found.push(text.text);
      at = text.end - 1;
    } else if (source[at] === "(") depth++;
    else if (source[at] === ")") depth--;
  }
  return found;
}

const withoutComments = (source: string) => source.replace(/\/\*.*?\*\/|(?<=^|[\s;])\/\/.*?$/gms, "");

/**
 * What errors, warnings and failures say that TypeScript makes, where they are made: `new …Error("…")`, what classes of
 * errors give to `super`, and what is logged as a warning or an error.
 */
function messagesOfTypeScript(): Message[] {
  const makes =
    /\bnew (?:LibsError|HandlerError|NativeError|OperationError)\(\s*[^,()]*,|\bnew \w*(?:Error|Failure)\(|Failure\.(?:create|retryable|nonRetryable)\(|\bsuper\(|\.(?:warn|error)\(/g;
  return sources("ts/src", ".ts").flatMap((file) => {
    const source = withoutComments(readFileSync(join(root, file), "utf8"));
    return [...source.matchAll(makes)].flatMap((match) => {
      const from = match.index + match[0].length;
      const text = sum(source, from);
      return (text === undefined ? literalsOfCall(source, from) : [text]).map((text) => ({
        text: text.replace(/\s+/g, " "),
        file,
      }));
    });
  });
}

/** What Rust says: all its longer texts outside of tests are for those who call it, or look at the log. */
function messagesOfRust(): Message[] {
  return sources("rust-core/src", ".rs").flatMap((file) => {
    const [source = ""] = readFileSync(join(root, file), "utf8").split("#[cfg(test)]");
    const code = source.replace(/^\s*\/\/.*$|#\[.*?\]$/gm, "");
    return [...code.matchAll(/"((?:[^"\\]|\\.)*)"/gs)].flatMap(([, raw = ""]) => {
      const text = raw
        .replace(/\\\n\s*/g, "")
        .replace(/\\(.)/g, "$1")
        .replace(/\{[^}]*\}/g, "…");
      return words(text) > 3 ? [{ text, file }] : [];
    });
  });
}

/** All of them. What has no two words of its own is left out: its text is made elsewhere, or is a code. */
export const messages = (): Message[] =>
  [...messagesOfTypeScript(), ...messagesOfRust()].filter(({ text }) => /[A-Za-z]+[^…]* [^…]*[A-Za-z]{2}/.test(text));

/** The messages that docs/TROUBLESHOOTING.md explains: the code in the first column of its tables. */
export function explained(): string[] {
  const document = readFileSync(join(root, "docs/TROUBLESHOOTING.md"), "utf8");
  return [...document.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(([, cell = ""]) =>
    cell.split("<br>").map((text) => text.replace(/^`+ ?| ?`+$/g, "")),
  );
}

/** Whether an explained message, in which `…` stands for anything, is a message of the sources. */
export function explains(pattern: string, message: string): boolean {
  const parts = pattern.split("…").map((part) => RegExp.escape(part));
  return new RegExp(`^${parts.join(".*")}$`, "s").test(message);
}
