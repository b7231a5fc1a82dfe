/**
 * Texts of others on a terminal. A server's text may be anybody's: an id, a payload or a failure that has control
 * characters could move the cursor, hide lines, or write to the clipboard.
 */

// Control characters but tab and line feed, and what turns the direction of the text that follows.
const commands = /[[\p{Cc}--[\t\n]]\u202a-\u202e\u2066-\u2069]/gv;

/**
 * A text that does nothing to a terminal but show itself. What would do more is written as JSON writes it, `\u001b`, so
 * a text that is JSON stays the same JSON.
 */
export function printable(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(commands, escaped);
}

/** Another program's output, in its own colours. */
export function printableInColours(text: string): string {
  return text
    .split(/(\u001b\[[\d;]*m)/)
    .map((part, index) => (index % 2 === 0 ? printable(part) : part))
    .join("");
}

/**
 * What `format` makes of values, in colours if it is asked for and nothing of it has to be escaped: afterwards colours
 * that are in the values would look like its own.
 */
export function printableFormat(colours: boolean, format: (colours: boolean) => string): string {
  const plain = format(false);
  const shown = printable(plain);
  return colours && shown === plain ? format(true) : shown;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
