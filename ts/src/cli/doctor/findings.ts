import { LibsError, reasonOf } from "../../libs/error";

/** What one look found. */
export interface Finding {
  verdict: "ok" | "note" | "problem";
  subject: string;
  finding: string;
  /** What to do about a note or a problem, unless the finding says it. */
  fix?: string;
}

/** Gathers what a doctor finds, and passes each on at once: some looks take their time. */
export class Findings {
  readonly all: Finding[] = [];

  constructor(private readonly show: (finding: Finding) => void) {}

  /** Notes what was found. */
  say(verdict: Finding["verdict"], subject: string, finding: string, fix?: string): void {
    const found: Finding = {
      ...{ verdict, subject, finding: finding.replaceAll(/\s*\n\s*/g, " ") },
      ...(fix === undefined ? {} : { fix }),
    };
    this.all.push(found);
    this.show(found);
  }

  /** Looks; what is thrown is a problem of the subject. */
  async attempt(subject: string, look: () => void | Promise<void>): Promise<void> {
    try {
      await look();
    } catch (error) {
      this.say("problem", subject, error instanceof LibsError ? error.message : reasonOf(error));
    }
  }

  get problems(): number {
    return this.all.filter(({ verdict }) => verdict === "problem").length;
  }
}

/** A finding as lines of text. */
export function findingText({ verdict, subject, finding, fix }: Finding): string {
  const line = `${verdict.padEnd(7)}  ${subject}: ${finding}\n`;
  return fix === undefined ? line : `${line}${" ".repeat(9)}${fix}\n`;
}
