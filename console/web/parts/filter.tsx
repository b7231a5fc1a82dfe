/** The filter of a list, in Temporal's language. */

interface Properties {
  query: string;
  /** Gets the new one; empty for none. */
  apply(query: string): void;
  placeholder?: string;
}

export function Filter({ query, apply, placeholder }: Properties) {
  return (
    <search>
      <form
        key={query}
        className="filter"
        onSubmit={(event) => {
          event.preventDefault();
          apply(String(new FormData(event.currentTarget).get("q")).trim());
        }}
      >
        <label htmlFor="filter">Filter</label>
        <input
          id="filter"
          name="q"
          defaultValue={query}
          data-search
          spellCheck={false}
          autoComplete="off"
          placeholder={placeholder}
        />
        <button type="submit">Apply</button>
        {query !== "" && (
          <button type="button" onClick={() => apply("")}>
            Show all
          </button>
        )}
      </form>
    </search>
  );
}
