/**
 * Draws the README's pictures of what `make demo` prints: the session, and the history as a timeline. Run it again when
 * that has changed.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { output, root } from "./tools";

const lineHeight = 19;
const columnWidth = 8.1;
const padding = 16;

const escape = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** A terminal with lines of text, as SVG that every browser draws alike. */
function terminal(title: string, lines: string[]): string {
  const width = Math.ceil(Math.max(60, ...lines.map((line) => line.length)) * columnWidth) + 2 * padding;
  const height = lines.length * lineHeight + 2 * padding + 24;
  const text = lines.map((line, at) => {
    const y = padding + 24 + (at + 1) * lineHeight - 5;
    const colour = line.startsWith("$") ? "#7ee787" : /fail|did not answer/.test(line) ? "#ffa657" : "#e6edf3";
    return `  <text x="${padding}" y="${y}" fill="${colour}">${escape(line)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-label="${escape(title)}">
  <style>text { white-space: pre }</style>
  <rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>
  <circle cx="20" cy="18" r="6" fill="#ff5f57"/><circle cx="40" cy="18" r="6" fill="#febc2e"/><circle cx="60" cy="18" r="6" fill="#28c840"/>
  <g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="13">
${text.join("\n")}
  </g>
</svg>
`;
}

const printed = output(["bun", "ts/examples/orders/demo.ts"]).split("\n");
const history = printed.findIndex((line) => line.startsWith("history of "));
const folder = join(root, "docs/images");
mkdirSync(folder, { recursive: true });
writeFileSync(
  join(folder, "session.svg"),
  terminal("A terminal in which make demo runs the orders example", ["$ make demo", ...printed.slice(0, history - 1)]),
);
writeFileSync(join(folder, "timeline.svg"), terminal("The history of the order as a timeline", printed.slice(history)));
