import { proxyActivities, sleep } from "temporal-bun-sdk/workflow";
import type { Mail } from "./mail";

const { sendMail } = proxyActivities<Mail>({ startToCloseTimeout: "1 minute" });

export async function welcome(user: string): Promise<void> {
  await sendMail(user, "Welcome!"); // tried again until it works
  await sleep("7 days"); // no process has to live that long
  await sendMail(user, "How do you like it?");
}
