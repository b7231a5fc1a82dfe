/** A place in a file, both from 1. */
export interface Place {
  line: number;
  column: number;
}

/** Comments, and texts between quotes. */
const tokens = /\/\/.*|\/\*[\s\S]*?\*\/|(["'`])((?:\\[\s\S]|(?!\1)[^\\\n])*)\1/g;

/**
 * Where a file imports a module: the first import of it that isn't for types alone. The bundler doesn't say it.
 *
 * @param text the file
 * @param specifier the module, as the file names it
 * @returns the place of the name; undefined if it isn't found
 */
export function placeOfImport(text: string, specifier: string): Place | undefined {
  for (const { 0: token, 2: name, index } of text.matchAll(tokens)) {
    if (name !== specifier || token.startsWith("/")) continue;
    const before = text.slice(0, index);
    const statement = /\b(?:import|export)\b(?!.*\b(?:import|export)\b)([^;]*?)\bfrom\s*$/s.exec(before);
    const isImport = statement !== null || /\b(?:import|require|require\.resolve)\s*\(?\s*$/.test(before);
    if (isImport && !/^\s+type\s+[\w{*]/.test(statement?.[1] ?? "")) return placeOf(text, index);
  }
  return undefined;
}

/** The place of a character. */
function placeOf(text: string, offset: number): Place {
  const start = text.lastIndexOf("\n", offset - 1) + 1;
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < start; at = text.indexOf("\n", at + 1)) line++;
  return { line, column: offset - start + 1 };
}
