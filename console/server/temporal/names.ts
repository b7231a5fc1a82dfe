/** Names of Temporal's enumerations as people read them: "TimedOut" for WORKFLOW_EXECUTION_STATUS_TIMED_OUT. */

/** The short name; requests accept it too. */
export function short(name: string | number | undefined, prefix: string): string {
  const text = String(name ?? "");
  const rest = text.startsWith(`${prefix}_`) ? text.slice(prefix.length + 1) : text;
  if (rest === "" || rest === "UNSPECIFIED") return "";
  return rest.replaceAll(
    /([A-Z0-9])([A-Z0-9]*)_?/g,
    (_, first: string, others: string) => first + others.toLowerCase(),
  );
}
