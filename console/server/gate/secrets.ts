/** What a request asks for, as the audit log may keep it. */

/** Fields with values for Workflows, which may be secret: who has `payload.read` finds them in the history. */
const values = new Set(["input", "memo", "result", "details", "data"]);

/** The same with sizes in the place of values. */
export function withoutSecrets(request: unknown): unknown {
  if (typeof request !== "object" || request === null) return request;
  if (Array.isArray(request)) return request.map(withoutSecrets);
  return Object.fromEntries(
    Object.entries(request).map(([name, value]) => [
      name,
      values.has(name) && value !== undefined ? `${JSON.stringify(value).length} characters` : withoutSecrets(value),
    ]),
  );
}
