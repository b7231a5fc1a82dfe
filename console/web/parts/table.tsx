/** A table of rows, with one to move to by `j` and `k` and to open by Enter. */

import { type ReactNode, useEffect, useRef } from "react";

export interface Column<Row> {
  title: string;
  cell(row: Row): ReactNode;
}

interface Properties<Row> {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf(row: Row): string;
  isStale?: boolean;
}

export function Table<Row>({ label, columns, rows, keyOf, isStale }: Properties<Row>) {
  const body = useRef<HTMLTableSectionElement>(null);
  useEffect(() => {
    const move = (event: KeyboardEvent) => {
      if (isTyping(event) || (event.key !== "j" && event.key !== "k")) return;
      const links = [...(body.current?.querySelectorAll<HTMLElement>("tr > td a:first-of-type") ?? [])];
      const at = links.indexOf(document.activeElement as HTMLElement);
      links[at < 0 ? 0 : Math.min(Math.max(at + (event.key === "j" ? 1 : -1), 0), links.length - 1)]?.focus();
    };
    document.addEventListener("keydown", move);
    return () => document.removeEventListener("keydown", move);
  }, []);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section className={`scroll ${isStale ? "stale" : ""}`} tabIndex={0} aria-label={label}>
      <table>
        <thead>
          <tr>
            {columns.map(({ title }) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ title, cell }) => (
                <td key={title} data-title={title}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Whether a key belongs to what is typed into. */
export function isTyping({ target, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  const isField = target instanceof HTMLElement && target.closest("input, textarea, select, dialog") !== null;
  return isField || ctrlKey || metaKey || altKey;
}
