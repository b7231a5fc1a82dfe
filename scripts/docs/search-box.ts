/** Puts {@link Search} behind the search box of the pages. TypeDoc's own looks for parts of words. */
import { type Entry, Search } from "./search";

declare global {
  interface Window {
    /** Comes with the file that TypeDoc's pages load as their index. */
    docsEntries?: Entry[];
  }
}

let search: Search | undefined;

function show(field: HTMLInputElement): void {
  const results = document.getElementById("tsd-search-results")!;
  const status = document.getElementById("tsd-search-status")!;
  if (window.docsEntries === undefined) {
    status.textContent = "The index is still being loaded: type on.";
    return;
  }
  search ??= new Search(window.docsEntries);
  const found = search.find(field.value);
  const base = document.documentElement.dataset["base"] ?? "./";
  results.replaceChildren(
    ...found.map(({ title, url, kind, text }, at) => {
      const link = Object.assign(document.createElement("a"), { href: `${base}${url}`, tabIndex: -1, title: text });
      const where = Object.assign(document.createElement("span"), { className: "parent", textContent: ` ${kind}` });
      link.append(Object.assign(document.createElement("span"), { className: "text", textContent: title }), where);
      // The page's own handlers of keys go through these.
      const item = Object.assign(document.createElement("li"), { id: `tsd-search:${at}`, role: "option" });
      item.append(link);
      return item;
    }),
  );
  status.textContent = found.length === 0 && field.value !== "" ? "Nothing found." : "";
}

document.addEventListener(
  "input",
  (event) => {
    if (!(event.target instanceof HTMLInputElement) || event.target.id !== "tsd-search-input") return;
    event.stopImmediatePropagation();
    show(event.target);
  },
  true,
);
