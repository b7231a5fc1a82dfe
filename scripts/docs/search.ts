/**
 * The search of the site: BM25 over sections of the guides and over names of the API. The browser and the tests run the
 * same code, with the entries that `make docs` writes.
 */

/** What can be found. */
export interface Entry {
  /** Page and section, or module and name. */
  title: string;
  /** What stands there, as plain text. */
  text: string;
  /** Relative to the folder of the site. */
  url: string;
  /** Of what it is a part: "guide", "background", or the kind of an exported name. */
  kind: string;
}

/** Words of questions that say nothing about what is asked for. */
const fillers = new Set(
  "a all an and any are as at be been but by can could did do does for from get had has have how i if in into is it its me my no not of on or our should so that the their them then there they this to use using want was we were what when where which who why will with would you your".split(
    " ",
  ),
);

const endings = /(?:ations?|ings?|ers?|ed|es|s|e)$/;

/** The stem of a word: the same for "retry", "retries" and "retried". Crude, but the same on both sides. */
function stem(word: string): string {
  if (word.length < 4) return word;
  const root = word.replace(/ie[sd]$/, "y").replace(endings, "");
  return root.length < 3 ? word : root.replace(/(.)\1$/, "$1");
}

/**
 * The stems of a title. Of a member of the API the parts of its own name count, and the name of what it belongs to as a
 * whole: else each member of a class would be found by each part of the class's name.
 */
function titleStems({ title, kind }: Entry): string[] {
  if (kind === "guide" || kind === "background") return stems(title);
  const [first = "", ...rest] = title.split(" ");
  return rest.length === 0 ? stems(first) : [first.toLowerCase(), ...stems(rest.join(" "))];
}

/** The stems of a text; names in camel case count whole and in their parts. */
function stems(text: string): string[] {
  const words = text.match(/[A-Za-z][A-Za-z0-9]*|[0-9]+/g) ?? [];
  return words.flatMap((word) => {
    const parts = word.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+/g) ?? [];
    return (parts.length > 1 ? [word, ...parts] : [word])
      .map((part) => part.toLowerCase())
      .filter((part) => !fillers.has(part))
      .map(stem);
  });
}

interface Posting {
  at: number;
  weight: number;
}

const titleWeight = 5;
const guideWeight = 3;
/** BM25's usual constants: how soon repeating a word stops to count, and how much length counts. */
const saturation = 1.2;
const lengthWeight = 0.6;

export class Search {
  readonly #entries: readonly Entry[];
  readonly #postings = new Map<string, Posting[]>();

  constructor(entries: readonly Entry[]) {
    this.#entries = entries;
    const counts = entries.map((entry) => {
      const counts = new Map<string, number>();
      for (const word of stems(entry.text)) counts.set(word, (counts.get(word) ?? 0) + 1);
      for (const word of new Set(titleStems(entry))) counts.set(word, (counts.get(word) ?? 0) + titleWeight);
      return counts;
    });
    const lengths = counts.map((words) => words.values().reduce((sum, count) => sum + count, 0));
    const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
    for (const [at, words] of counts.entries()) {
      const damping = saturation * (1 - lengthWeight + (lengthWeight * lengths[at]!) / mean);
      for (const [word, count] of words) {
        const weight = (count * (saturation + 1)) / (count + damping);
        const postings = this.#postings.get(word);
        if (postings) postings.push({ at, weight });
        else this.#postings.set(word, [{ at, weight }]);
      }
    }
  }

  /** What fits a question best. The last word may be a beginning: it is still being typed. */
  find(question: string, most = 10): Entry[] {
    const words = stems(question);
    const scores = new Map<number, number>();
    const add = (word: string, factor: number) => {
      const postings = this.#postings.get(word) ?? [];
      const rarity = Math.log(1 + this.#entries.length / (postings.length + 0.5));
      for (const { at, weight } of postings) scores.set(at, (scores.get(at) ?? 0) + weight * rarity * factor);
    };
    for (const word of words) add(word, 1);
    const last = words.at(-1);
    if (last !== undefined && last.length > 2 && !this.#postings.has(last))
      for (const word of this.#postings.keys()) if (word.startsWith(last)) add(word, 0.5);
    const rank = ([at, score]: [number, number]) => {
      const { kind, title } = this.#entries[at]!;
      if (title.split(" ").at(-1)!.toLowerCase() === question.trim().toLowerCase()) return score * 5;
      return kind === "guide" ? score * guideWeight : score;
    };
    return [...scores]
      .map((found) => ({ entry: this.#entries[found[0]]!, rank: rank(found) }))
      .sort((a, b) => b.rank - a.rank)
      .slice(0, most)
      .map(({ entry }) => entry);
  }
}
