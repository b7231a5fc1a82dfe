import type { ConnectionFlags } from "../connection";
import { Failure } from "../failure";
import type { Output, Style } from "../output";
import { type Finding, Findings, findingText } from "./findings";
import { checkBridge, checkMachine } from "./installation";
import { checkBunfig, checkDropIn } from "./project";
import { checkServer } from "./server";

/** What `temporal-bun doctor` takes. */
export interface DoctorFlags extends ConnectionFlags {
  json?: boolean;
}

const styles: Record<Finding["verdict"], Style> = { ok: "green", note: "yellow", problem: "red" };

/** Looks at everything that this SDK needs, and prints what it finds. @throws Failure if there is a problem */
export async function doctor(flags: DoctorFlags, output: Output): Promise<void> {
  const findings = new Findings((finding) => {
    if (flags.json) return;
    const coloured = (verdict: string) => output.style(styles[finding.verdict], verdict);
    output.result(findingText(finding).replace(/^\w+/, coloured));
  });
  await checkMachine(findings);
  await checkBridge(findings);
  await checkDropIn(findings, process.cwd());
  await checkBunfig(findings, process.cwd());
  // Without the bridge there are no connections.
  if (findings.all.some(({ verdict, subject }) => verdict === "ok" && subject === "bridge"))
    await checkServer(findings, flags);
  const { problems, all } = findings;
  if (flags.json) output.result(`${JSON.stringify({ problems, findings: all })}\n`);
  if (problems > 0) throw new Failure("");
}
