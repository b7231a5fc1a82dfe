/** Prints what is not the same module by another name: nothing, if all is well. */
import { createRequire } from "node:module";
import { Worker as NodeWorker } from "node:worker_threads";
import * as activity from "@temporalio/activity";
import * as client from "@temporalio/client";
import * as common from "@temporalio/common";
import { ApplicationFailure } from "@temporalio/common/lib/failure";
import * as workflow from "@temporalio/workflow";
import * as ownActivity from "temporal-bun-sdk/activity";
import * as ownClient from "temporal-bun-sdk/client";
import * as ownCommon from "temporal-bun-sdk/common";
import * as ownWorkflow from "temporal-bun-sdk/workflow";

const checks: Record<string, boolean> = {};
const libraries = [
  ["activity", activity, ownActivity],
  ["client", client, ownClient],
  ["common", common, ownCommon],
  ["workflow", workflow, ownWorkflow],
] as const;
for (const [name, official, own] of libraries) {
  const required = require(`@temporalio/${name}`) as Record<string, unknown>;
  const imported = (await import(`@temporalio/${name}`)) as Record<string, unknown>;
  const byCreated = createRequire(import.meta.url)(`@temporalio/${name}`) as Record<string, unknown>;
  for (const [key, value] of Object.entries(own)) {
    for (const [way, module] of Object.entries({
      imported: official,
      required,
      dynamic: imported,
      created: byCreated,
    })) {
      checks[`${name}.${key} ${way}`] = (module as Record<string, unknown>)[key] === value;
    }
  }
}
// As JavaScript imports them that runs as modules of Node; the compiler knows neither.
const load = (specifier: string): Promise<any> => import(specifier);
checks["default import"] = (await load("@temporalio/client")).default.Client === ownClient.Client;
checks["subpath"] = ApplicationFailure === ownCommon.ApplicationFailure;
checks["subpath with extension"] =
  (await load("@temporalio/common/lib/failure.js")).ApplicationFailure === ownCommon.ApplicationFailure;
checks["instanceof"] = ownCommon.ApplicationFailure.nonRetryable("no") instanceof common.ApplicationFailure;
checks["instanceof of subclasses"] = ownCommon.CancelledFailure.prototype instanceof common.TemporalFailure;

/** What a thread of the user's own says. */
const answer = (worker: Worker | NodeWorker): Promise<unknown> =>
  new Promise((resolve, reject) => {
    if (worker instanceof NodeWorker) worker.on("message", resolve).on("error", reject);
    else {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
    }
  });
const url = new URL("./thread.ts", import.meta.url);
for (const [name, make] of Object.entries({ Worker: () => new Worker(url), NodeWorker: () => new NodeWorker(url) })) {
  const thread = make();
  checks[name] = (await answer(thread)) === true;
  await thread.terminate();
}

console.log(
  JSON.stringify({ count: Object.keys(checks).length, wrong: Object.keys(checks).filter((name) => !checks[name]) }),
);
