import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Payload } from "../../src/common";
import { SignalWithStartWorkflowExecutionRequest } from "../../src/proto/temporal/api/workflowservice/v1/request_response";
import {
  activationSites,
  completionSites,
  type PayloadSite,
  type SiteOwner,
} from "../../src/worker/payloads/payload-sites";

const core = join(import.meta.dir, "../../src/proto/temporal/sdk/core");

type Fields = { type: string; isArray: boolean; isMap: boolean }[] & { names: string[] };

const parsedFiles = new Map<string, Map<string, Fields>>();

/** Fields of the messages in a generated module, by the name of the message, in the order in which they stand there. */
function messages(file: string): Map<string, Fields> {
  const known = parsedFiles.get(file);
  if (known !== undefined) return known;
  const text = readFileSync(file, "utf8");
  const found = new Map<string, Fields>();
  parsedFiles.set(file, found);
  for (const [, name, body] of text.matchAll(/^export interface (\w+) \{\n(.*?)^\}/gms)) {
    const fields = [
      ...body!.replace(/\/\*\*.*?\*\//gs, "").matchAll(/^ {2}(\w+)\??:\s*(?:\|\s*)?([^;]*?)(?:\s*\|\s*undefined)?;/gms),
    ];
    const parsed = fields.map(([, , type]) => {
      const isMap = /^\{ \[key: string\]: (\w+) \}$/.exec(type!.trim());
      return {
        type: isMap?.[1] ?? type!.trim().replace("[]", ""),
        isArray: type!.trim().endsWith("[]"),
        isMap: isMap !== null,
      };
    });
    found.set(name!, Object.assign(parsed, { names: fields.map(([, field]) => field!) }));
  }
  return found;
}

/** The module in which a name that a module imports is declared, and what it is called there. */
function imported(file: string, name: string): { file: string; name: string } | undefined {
  for (const [, list, path] of readFileSync(file, "utf8").matchAll(/^import \{([^}]*)\} from "(\.[^"]*)";/gms)) {
    for (const item of list!.split(",")) {
      const [original, alias = original] = item.trim().split(/ as /);
      if (alias === name) return { file: `${join(dirname(file), path!)}.ts`, name: original! };
    }
  }
  return undefined;
}

/**
 * A message with a payload in every place that its type has for one, except search attributes, and the number of these
 * places. Made from the generated types, so that a field which a new version of Core brings is missed by whoever
 * forgets it.
 */
function filled(file: string, name: string, depth = 0): { message: Record<string, unknown>; places: string[] } {
  const places: string[] = [];
  const message: Record<string, unknown> = {};
  const fields = messages(file).get(name);
  if (fields === undefined || depth > 8) return { message, places };
  for (const [index, field] of fields.names.entries()) {
    const { type, isArray, isMap } = fields[index]!;
    const at = imported(file, type) ?? { file, name: type };
    if (
      at.name === "SearchAttributes" ||
      (at.name === "Failure" && at.file.includes("api/failure") && field === "cause" && depth > 4)
    )
      continue;
    let value: unknown;
    if (at.name === "Payload") {
      places.push(field);
      value = { data: new TextEncoder().encode(`${name}.${field}`) } satisfies Payload;
    } else if (messages(at.file).has(at.name)) {
      const inner = filled(at.file, at.name, depth + 1);
      if (inner.places.length === 0) continue;
      places.push(...inner.places.map((place) => `${field}.${place}`));
      value = inner.message;
    } else continue;
    message[field] = isMap ? { key: value } : isArray ? [value] : value;
  }
  return { message, places };
}

const owner: SiteOwner = {
  namespace: "n",
  workflowId: "w",
  runId: "r",
  workflowType: "t",
  pending: (kind, seq) => ({ type: "workflow", namespace: "n", workflowId: `${kind} ${seq}` }),
  isFromServer: () => false,
};

function reverse(sites: PayloadSite[]): void {
  for (const site of sites) site.put(site.payloads.map(({ data }) => ({ data: data!.toReversed() })));
}

/** Texts of all payloads in a message. */
function texts(message: unknown): string[] {
  if (message instanceof Uint8Array) return [new TextDecoder().decode(message)];
  return typeof message === "object" && message !== null ? Object.values(message).flatMap(texts) : [];
}

const jobs = [
  ...messages(join(core, "workflow_activation/workflow_activation.ts")).get("WorkflowActivationJob")!.names,
];
const commands = messages(join(core, "workflow_commands/workflow_commands.ts")).get("WorkflowCommand")!.names;

describe("every payload of a message is found and replaced", () => {
  const activation = join(core, "workflow_activation/workflow_activation.ts");
  const command = join(core, "workflow_commands/workflow_commands.ts");

  test("the generated types are read right", () => {
    expect(jobs).toContain("initializeWorkflow");
    expect(filled(activation, "SignalWorkflow").places).toEqual(["input", "headers"]);
    expect(filled(command, "ScheduleActivity").places).toEqual(["headers", "arguments"]);
  });

  test("request to the server itself: those in it, while the server can still read the request", () => {
    const file = join(core, "../../api/workflowservice/v1/request_response.ts");
    const { message, places } = filled(file, "SignalWithStartWorkflowExecutionRequest");
    const input: Payload = { data: SignalWithStartWorkflowExecutionRequest.encode(message).finish() };
    const completion = { successful: { commands: [{ scheduleNexusOperation: { seq: 7, input } }] } };
    const sites = completionSites(completion, { ...owner, isFromServer: (seq) => seq === 7 });
    expect(sites).toHaveLength(places.length);
    reverse(sites);
    const sent = completion.successful.commands[0]!.scheduleNexusOperation.input.data!;
    expect(texts(SignalWithStartWorkflowExecutionRequest.decode(sent)).sort()).toEqual(
      texts(message)
        .map((text) => [...text].reverse().join(""))
        .sort(),
    );
  });

  test.each(jobs)("job %s", (job) => {
    const { message, places } = filled(activation, "WorkflowActivationJob");
    const own = places.filter((place) => place === job || place.startsWith(`${job}.`));
    const built = { jobs: [{ [job]: message[job] ?? {} }] };
    const before = texts(built);
    const sites = activationSites(built, owner);
    expect(sites).toHaveLength(own.length);
    reverse(sites);
    expect(texts(built)).toEqual(before.map((text) => [...text].reverse().join("")));
  });

  test.each(commands)("command %s", (name) => {
    const { message, places } = filled(command, "WorkflowCommand");
    const own = places.filter((place) => place === name || place.startsWith(`${name}.`));
    const given = { [name]: message[name] ?? {} };
    if (name === "eventGroupMarkers") given[name] = message[name] ?? [];
    const completion = { successful: { commands: [given] } };
    const before = texts(completion);
    const sites = completionSites(completion, owner);
    expect(sites).toHaveLength(own.length);
    reverse(sites);
    expect(texts(completion)).toEqual(before.map((text) => [...text].reverse().join("")));
  });

  test("a failed task", () => {
    const file = join(core, "workflow_completion/workflow_completion.ts");
    const { message, places } = filled(file, "Failure");
    const completion = { failed: message };
    const before = texts(completion);
    const sites = completionSites(completion, owner);
    expect(sites).toHaveLength(places.length);
    reverse(sites);
    expect(texts(completion)).toEqual(before.map((text) => [...text].reverse().join("")));
  });
});

test("whose payloads they are", () => {
  const payload: Payload = { data: new Uint8Array(1) };
  const described = (sites: PayloadSite[]) =>
    sites.map(({ context, target, single, header }) => ({ context, target, single, header }));
  const own = { kind: "workflow", namespace: "n", id: "w", runId: "r", type: "t" } as const;
  const [first, second] = activationSites(
    {
      jobs: [
        { resolveActivity: { seq: 3, result: { completed: { result: payload } } } },
        { queryWorkflow: { arguments: [payload] } },
      ],
    },
    owner,
  );
  expect(first!.context).toEqual({ type: "workflow", namespace: "n", workflowId: "activity 3" });
  expect(second!.context).toEqual({ type: "workflow", namespace: "n", workflowId: "w" });
  const completion = (command: object, more: Partial<SiteOwner> = {}) =>
    described(completionSites({ successful: { commands: [command] } }, { ...owner, ...more }))[0];
  expect(completion({ scheduleLocalActivity: { activityId: "7", arguments: [payload] } })).toEqual({
    context: { type: "activity", namespace: "n", workflowId: "w", activityId: "7", isLocal: true },
    target: own,
    single: false,
    header: false,
  });
  expect(
    completion({ startChildWorkflowExecution: { workflowId: "c", workflowType: "ct", headers: { h: payload } } }),
  ).toEqual({
    context: { type: "workflow", namespace: "n", workflowId: "c" },
    target: { kind: "workflow", namespace: "n", id: "c", type: "ct" },
    single: true,
    header: true,
  });
  expect(completion({ signalExternalWorkflowExecution: { childWorkflowId: "c", args: [payload] } })?.context).toEqual({
    type: "workflow",
    namespace: "n",
    workflowId: "c",
  });
  expect(
    completion({ continueAsNewWorkflowExecution: { workflowType: "next", arguments: [payload] } })?.target,
  ).toEqual({ kind: "workflow", namespace: "n", id: "w", type: "next" });
  const result = { completeWorkflowExecution: { result: payload } };
  expect(completion(result)?.target).toEqual(own);
  const parent = { namespace: "p", workflowId: "pw", runId: "pr" };
  expect(completion(result, { parent })?.target).toEqual({ kind: "workflow", namespace: "p", id: "pw", runId: "pr" });
});
