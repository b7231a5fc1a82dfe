/** The bench's rows, its targets, and the table. */

/** One figure, and the same of the official SDK where there is one. */
export interface Row {
  /** Stable name, for `results.json` and the targets. */
  id: string;
  name: string;
  unit: string;
  ours: number;
  officialNode?: number;
  officialBun?: number;
}

export interface Verdict {
  target: string;
  measured: string;
  met: boolean;
}

/**
 * Compares the rows with what they must reach. Targets whose row is missing are left out if only parts of the bench
 * ran; otherwise it throws.
 */
export function targets(rows: Row[], onlyParts: boolean): Verdict[] {
  const row = (id: string): Row | undefined => {
    const found = rows.find((candidate) => candidate.id === id);
    if (found === undefined && !onlyParts)
      throw new Error(
        `the bench has no figure ${id}, which a target needs; it has ${rows.map((each) => each.id).join(", ")}`,
      );
    return found;
  };
  const atMost = (id: string, limit: number, what: string): Verdict[] => {
    const found = row(id);
    if (found === undefined) return [];
    const { ours, unit } = found;
    return [{ target: `${what} ≤ ${limit} ${unit}`, measured: `${format(ours)} ${unit}`, met: ours <= limit }];
  };
  const timesOfBun = (id: string, what: string, accept: (factor: number) => boolean): Verdict[] => {
    const found = row(id);
    if (found === undefined) return [];
    const factor = found.ours / found.officialBun!;
    return [{ target: what, measured: `${format(factor)} ×`, met: accept(factor) }];
  };
  /** At most this share of the better one of the official SDK's two figures. */
  const shareOfBest = (id: string, what: string, share: number): Verdict[] => {
    const found = row(id);
    if (found === undefined) return [];
    const factor = found.ours / Math.min(found.officialBun!, found.officialNode!);
    return [{ target: what, measured: `${format(factor)} ×`, met: factor <= share }];
  };
  return [
    ...atMost("border.bell.p50", 10, "bell p50"),
    ...atMost("border.drain.64", 300, "drain per completion at batch 64"),
    ...shareOfBest("client.import", "import of the client ≤ 1/4 × official", 1 / 4),
    ...shareOfBest("client.calls.cpu", "CPU of start + result ≤ 1/3 × official", 1 / 3),
    ...shareOfBest("client.calls.p50", "latency p50 of start + result no worse than official", 1),
    ...shareOfBest("client.waits.added", "memory of 1,000 waits ≤ 1/4 × official", 1 / 4),
    ...atMost("ready.fromCreate", 100, "worker ready from create"),
    ...timesOfBun("workflows.cpu", "CPU per workflow ≤ 0.5 × official on Bun", (factor) => factor <= 0.5),
    ...timesOfBun("replay.sequential.rate", "replay, sequential ≥ 3 × official on Bun", (factor) => factor >= 3),
    ...timesOfBun("replay.parallel.rate", "replay, parallel ≥ 3 × official on Bun", (factor) => factor >= 3),
    ...atMost("workflows.rss", 150, "RSS"),
  ];
}

function format(value: number | undefined): string {
  if (value === undefined) return "–";
  return value >= 1000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)));
}

/** Prints the figures, then each target with what was measured. */
export function printTable(rows: Row[], verdicts: Verdict[]): void {
  const cells = [
    ["", "temporal-bun-sdk", "official on Node", "official on Bun", ""],
    ...rows.map(({ name, ours, officialNode, officialBun, unit }) => [
      name,
      format(ours),
      format(officialNode),
      format(officialBun),
      unit,
    ]),
  ];
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((line) => line[column]!.length)));
  for (const line of cells) {
    console.log(
      line
        .map((cell, column) => (column % 4 === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
        .join("  ")
        .trimEnd(),
    );
  }
  console.log("\ntargets");
  for (const { target, measured, met } of verdicts)
    console.log(`  ${met ? "met   " : "missed"}  ${target}: ${measured}`);
}
