import { expect } from "bun:test";
import { api, unique } from "../support";
import { act, at, eventually, get, post, row, temporal, withWorker } from "./worker";

withWorker();

const root = (method: string, path: string, body?: unknown) => api(at.running, method, path, body);

row("operator namespace list", async () => {
  const { rows } = await root("GET", "/namespaces");
  const said = await temporal("operator", "namespace", "list");
  expect(rows).toContainEqual(expect.objectContaining({ name: "default", state: "Registered" }));
  expect(JSON.stringify(said)).toContain("default");
});

row("operator namespace describe", async () => {
  const shown = await root("GET", "/namespaces/default");
  const said = await temporal("operator", "namespace", "describe", "-n", "default");
  expect(shown.namespaceInfo.id).toBe(said.namespaceInfo.id);
});

row("operator namespace create", async () => {
  const name = unique("namespace");
  await root("POST", "/namespaces", { name, description: "for orders", ownerEmail: "a@example.com", retention: "2d" });
  const described = () => temporal("operator", "namespace", "describe", "-n", name).catch(() => undefined);
  const said = await eventually(described, (answer) => answer !== undefined);
  expect(said).toMatchObject({
    namespaceInfo: { description: "for orders", ownerEmail: "a@example.com" },
    config: { workflowExecutionRetentionTtl: "172800s" },
  });
});

row("operator namespace update", async () => {
  const name = unique("namespace");
  await temporal("operator", "namespace", "create", "-n", name);
  await root("PATCH", `/namespaces/${name}`, { description: "changed", retention: "3d" });
  const described = () => temporal("operator", "namespace", "describe", "-n", name);
  const changed = await eventually(described, ({ namespaceInfo }) => namespaceInfo.description === "changed");
  expect(changed.config.workflowExecutionRetentionTtl).toBe("259200s");
  await root("POST", `/namespaces/${name}/deprecate`, { reason: "a test's" });
  await eventually(described, ({ namespaceInfo }) => /deprecated/i.test(namespaceInfo.state));
});

row("operator namespace delete", async () => {
  const name = unique("namespace");
  await temporal("operator", "namespace", "create", "-n", name);
  const path = `/namespaces/${name}`;
  await expect(root("DELETE", path, { reason: "a test's", confirm: "another" })).rejects.toThrow("400");
  await eventually(
    () =>
      root("DELETE", path, { reason: "a test's", confirm: name }).then(
        () => true,
        () => false,
      ),
    (done) => done,
  );
  const names = async () => JSON.stringify(await temporal("operator", "namespace", "list"));
  await eventually(names, (text) => !text.includes(`"${name}"`));
});

row("operator search-attribute list", async () => {
  const { system } = await get("/search-attributes");
  const said = await temporal("operator", "search-attribute", "list");
  expect(system).toMatchObject({ WorkflowId: "Keyword", StartTime: "Datetime" });
  expect(JSON.stringify(said)).toContain("WorkflowId");
});

/** Letters and digits alone. */
const attributeName = () => `Test${crypto.randomUUID().replaceAll("-", "").slice(0, 10)}`;

row("operator search-attribute create", async () => {
  const name = attributeName();
  await post("/search-attributes", { name, type: "Keyword" });
  expect((await get("/search-attributes")).custom).toMatchObject({ [name]: "Keyword" });
  expect(JSON.stringify(await temporal("operator", "search-attribute", "list"))).toContain(name);
});

row("operator search-attribute remove", async () => {
  const name = attributeName();
  await temporal("operator", "search-attribute", "create", "--name", name, "--type", "Bool");
  await act("DELETE", `/search-attributes/${name}`, { reason: "a test's" });
  expect(JSON.stringify(await temporal("operator", "search-attribute", "list"))).not.toContain(name);
});

for (const command of ["operator cluster health", "operator cluster describe", "operator cluster system"])
  row(command, async () => {
    const shown = await root("GET", "/capabilities");
    const said = await temporal(...command.split(" "));
    if (command.endsWith("health"))
      expect([shown.health, JSON.stringify(said)]).toEqual(["Serving", expect.stringMatching(/SERVING/i)]);
    else expect(JSON.stringify(said)).toContain(shown[command.endsWith("system") ? "system" : "cluster"].serverVersion);
  });

row("operator cluster list", async () => {
  const { rows } = await root("GET", "/clusters");
  expect(JSON.stringify(await temporal("operator", "cluster", "list"))).toContain(rows[0].clusterName);
});

row("operator cluster upsert", async () => {
  // A server can't be added to itself, and it says so: the call has come to it.
  const [address] = [at.running.address];
  const problem = await root("PUT", "/clusters", { frontendAddress: address }).then(
    () => "",
    (error: Error) => error.message,
  );
  const said = await temporal("operator", "cluster", "upsert", "--frontend-address", address).then(
    () => "",
    (error: Error) => error.message,
  );
  const reason = /"cause":"([^"]*)"/.exec(problem)?.[1] ?? "";
  expect(said).toContain(reason);
});

row("operator cluster remove", async () => {
  const named = unique("cluster");
  const problem = await root("DELETE", `/clusters/${named}`, { reason: "a test's" }).then(
    () => "",
    (error: Error) => error.message,
  );
  const said = await temporal("operator", "cluster", "remove", "--name", named).then(
    () => "",
    (error: Error) => error.message,
  );
  const reason = /"cause":"([^"]*)"/.exec(problem)?.[1] ?? "";
  expect(said).toContain(reason);
});

const target = () => ({ namespace: "default", taskQueue: at.taskQueue });
const endpointName = () => unique("endpoint");
const endpoint = async (name: string) =>
  JSON.stringify(await temporal("operator", "nexus", "endpoint", "get", "--name", name));

row("operator nexus endpoint create", async () => {
  const name = endpointName();
  const made = await root("POST", "/nexus/endpoints", { name, description: "orders", target: target() });
  expect(made.spec.description).toMatchObject({ value: "orders" });
  expect(await endpoint(name)).toContain(at.taskQueue);
});

row("operator nexus endpoint update", async () => {
  const name = endpointName();
  const made = await root("POST", "/nexus/endpoints", { name, target: target() });
  const changed = { name, version: made.version, target: { url: "https://nexus.example/orders" } };
  await root("PUT", `/nexus/endpoints/${made.id}`, changed);
  expect(await endpoint(name)).toContain("https://nexus.example/orders");
  // Somebody else's change is not overwritten.
  await expect(root("PUT", `/nexus/endpoints/${made.id}`, changed)).rejects.toThrow("409");
});

row("operator nexus endpoint delete", async () => {
  const name = endpointName();
  const made = await root("POST", "/nexus/endpoints", { name, target: target() });
  await root("DELETE", `/nexus/endpoints/${made.id}`, { version: made.version, reason: "a test's" });
  expect(await endpoint(name).catch((error: Error) => error.message)).toContain("not found");
});

for (const command of ["operator nexus endpoint list", "operator nexus endpoint get"])
  row(command, async () => {
    const name = endpointName();
    const options = ["--name", name, "--target-namespace", "default", "--target-task-queue", at.taskQueue];
    await temporal("operator", "nexus", "endpoint", "create", ...options);
    const list = () => root("GET", "/nexus/endpoints?pageSize=1000");
    const named = (row: { spec: { name: string } }) => row.spec.name === name;
    const { rows } = await eventually(list, (answer) => answer.rows.some(named));
    const { id } = rows.find(named);
    expect((await root("GET", `/nexus/endpoints/${id}`)).spec.name).toBe(name);
  });

/** An operation that nobody handles, so that it waits. */
async function operation(): Promise<string> {
  const name = endpointName();
  await root("POST", "/nexus/endpoints", { name, target: { namespace: "default", taskQueue: unique("nobody") } });
  const operationId = unique("operation");
  const body = {
    operationId,
    endpoint: name,
    service: "orders",
    operation: "ship",
    input: { a: 1 },
    scheduleToCloseTimeout: "1h",
  };
  await eventually(
    () =>
      post("/nexus/operations", body).then(
        () => true,
        () => false,
      ),
    (done) => done,
  );
  return operationId;
}

const saidOf = (operationId: string) => temporal("nexus", "operation", "describe", "--operation-id", operationId);

for (const command of [
  "nexus operation start",
  "nexus operation execute",
  "nexus operation describe",
  "nexus operation result",
])
  row(command, async () => {
    const operationId = await operation();
    const shown = await get(`/nexus/operations/${operationId}`);
    expect(shown).toMatchObject({ info: { service: "orders", operation: "ship" }, input: { value: { a: 1 } } });
    expect(JSON.stringify(await saidOf(operationId))).toContain("ship");
    if (!/result|execute/.test(command)) return;
    await post(`/nexus/operations/${operationId}/terminate`, { reason: "for its outcome" });
    const ended = await eventually(
      () => get(`/nexus/operations/${operationId}`),
      ({ failure }) => failure !== undefined,
    );
    expect(JSON.stringify(ended.failure)).toContain("for its outcome");
  });

row("nexus operation list", async () => {
  const operationId = await operation();
  const query = encodeURIComponent(`OperationId = '${operationId}'`);
  const { rows } = await eventually(
    () => get(`/nexus/operations?query=${query}`),
    (answer) => answer.rows.length > 0,
  );
  expect(rows).toMatchObject([{ operationId }]);
  expect(JSON.stringify(await temporal("nexus", "operation", "list"))).toContain(operationId);
});

row("nexus operation count", async () => {
  const operationId = await operation();
  const query = `OperationId = '${operationId}'`;
  const count = () => get(`/nexus/operations/count?query=${encodeURIComponent(query)}`);
  expect((await eventually(count, (answer) => answer.count > 0)).count).toBe(1);
  expect(Number((await temporal("nexus", "operation", "count", "-q", query)).count)).toBe(1);
});

row("nexus operation cancel", async () => {
  const operationId = await operation();
  await post(`/nexus/operations/${operationId}/cancel`, { reason: "not needed" });
  expect(JSON.stringify(await saidOf(operationId))).toMatch(/not needed|cancel/i);
});

row("nexus operation terminate", async () => {
  const operationId = await operation();
  await post(`/nexus/operations/${operationId}/terminate`, { reason: "stuck" });
  expect(JSON.stringify(await saidOf(operationId))).toMatch(/TERMINATED/i);
});
