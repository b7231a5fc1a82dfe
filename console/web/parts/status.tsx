/** A status, with a colour and a sign that says the same. */
export function Status({ value }: { value: string }) {
  return (
    <span className={`status status-${value}`}>
      <span aria-hidden="true">{signs[value] ?? "●"}</span> {value}
    </span>
  );
}

const signs: Record<string, string> = {
  Completed: "✓",
  Failed: "✕",
  TimedOut: "⏱",
  Terminated: "■",
  Canceled: "⊘",
  Paused: "⏸",
  ContinuedAsNew: "↻",
};
