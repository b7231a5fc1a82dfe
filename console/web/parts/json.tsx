/** Any value as readable text: never as markup. */
export function Json({ value, label }: { value: unknown; label: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section className="json" tabIndex={0} aria-label={label}>
      <pre>{value === undefined ? "nothing" : JSON.stringify(value, null, 2)}</pre>
    </section>
  );
}
