import { printable } from "./printable";

/** Where the client says what it does. */
export interface Reporter {
  /** One line for people. */
  message(text: string): void;
  /** How much of a download has arrived; bytes. Called for every piece, and with `received === total` at its end. */
  progress(name: string, received: number, total: number): void;
}

/** What {@link terminalReporter} writes to; `process.stderr` is one. */
interface Terminal {
  write(text: string): unknown;
  isTTY?: boolean | undefined;
  columns?: number | undefined;
}

const redrawMs = 100;

/**
 * Messages as lines, and on a terminal a progress bar that is drawn over itself. Elsewhere there is no bar, only
 * messages.
 */
export function terminalReporter(terminal: Terminal, now: () => number = () => performance.now()): Reporter {
  let drawn = false;
  let current: { name: string; startedAt: number; from: number; drawnAt: number } | undefined;
  const erase = () => {
    if (drawn) terminal.write("\r\x1b[2K");
    drawn = false;
  };
  return {
    message(text) {
      erase();
      terminal.write(`${printable(text)}\n`);
    },
    progress(name, received, total) {
      if (!terminal.isTTY) return;
      const time = now();
      if (current?.name !== name) current = { name, startedAt: time, from: received, drawnAt: -Infinity };
      if (received < total && time - current.drawnAt < redrawMs) return;
      current.drawnAt = time;
      erase();
      terminal.write(
        progressLine(
          received,
          total,
          ((received - current.from) * 1000) / (time - current.startedAt),
          terminal.columns ?? 80,
        ),
      );
      drawn = true;
      if (received < total) return;
      terminal.write("\n");
      drawn = false;
      current = undefined;
    },
  };
}

/** One line of at most `columns` characters. `speed` is in bytes per second, and not finite while it is not known. */
export function progressLine(received: number, total: number, speed: number, columns: number): string {
  const share = total === 0 ? 1 : Math.min(1, received / total);
  let figures = ` ${String(Math.floor(share * 100)).padStart(3)} %  ${megabytes(received)} of ${megabytes(total)}`;
  if (Number.isFinite(speed) && speed > 0) {
    figures += `  ${megabytes(speed)}/s`;
    if (received < total) figures += `  ${Math.ceil((total - received) / speed)} s left`;
  }
  const width = Math.min(40, columns - figures.length - 3);
  if (width < 5) return figures.trimStart().slice(0, Math.max(0, columns - 1));
  const filled = Math.round(share * width);
  return `[${"#".repeat(filled)}${"-".repeat(width - filled)}]${figures}`;
}

/** A number of bytes for people. */
export function megabytes(bytes: number): string {
  return bytes < 100_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
