import type { Mutant } from "./mutant";

/** Defects of Rust and Zig. */
export const native: Mutant[] = [
  // Rust
  {
    name: "stale-handles-accepted",
    file: "rust-core/src/handle.rs",
    text: "slot.generation += 1;",
    replacement: "slot.generation += 0;",
    test: "rust-core/src",
  },
  {
    name: "events-newest-first",
    file: "rust-core/src/queue.rs",
    text: "fresh.reverse();",
    replacement: "fresh.rotate_left(0);",
    test: "rust-core/tests/traps_queue.rs",
  },
  {
    name: "undrained-events-lost",
    file: "rust-core/src/queue.rs",
    text: "fresh.append(pending);",
    replacement: "pending.clear();",
    test: "rust-core/tests/traps_queue.rs",
  },
  {
    name: "bell-rings-for-every-event",
    file: "rust-core/src/intake.rs",
    text: "if !head.is_null() || self.wake()",
    replacement: "if self.wake()",
    test: "rust-core/tests/traps_queue.rs",
  },
  {
    name: "sleeper-not-woken-by-close",
    file: "rust-core/src/intake.rs",
    text: "        self.wake();\n        if head == closed {",
    replacement: "        if head == closed {",
    test: "rust-core/checks/tests/loom.rs",
  },
  {
    name: "refused-completion-forgotten",
    file: "rust-core/src/worker/mod.rs",
    text: "                T::outstanding(&self.outstanding).add(key.clone(), nature);\n",
    replacement: "",
    test: "rust-core/tests/tasks.rs",
  },
  {
    name: "activities-of-freed-worker-open",
    file: "rust-core/src/worker/mod.rs",
    text: "        self.answer_all::<ActivityTask>();\n",
    replacement: "",
    test: "rust-core/tests/worker.rs",
  },
  {
    name: "granted-slot-reported-as-cancelled",
    file: "rust-core/src/worker/slots.rs",
    text: "if was_granted {",
    replacement: "if !was_granted {",
    test: "rust-core/tests/tasks.rs",
  },
  {
    name: "one-metric-too-many",
    file: "rust-core/src/metric_buffer.rs",
    text: "updates.waiting.len() < self.maximum",
    replacement: "updates.waiting.len() <= self.maximum",
    test: "ts/tests/worker/metrics-buffer.test.ts",
  },
  {
    name: "all-runs-on-the-first-queue",
    file: "rust-core/src/worker/poll.rs",
    text: "(shard % count.max(1) as u64) as usize",
    replacement: "(shard / u64::MAX) as usize % count.max(1)",
    test: "ts/tests/native/worker.test.ts",
  },
  // Zig
  {
    name: "inline-limit-off-by-one",
    file: "zig-bridge/src/queue.zig",
    text: "if (event.length <= inline_limit and",
    replacement: "if (event.length < inline_limit and",
    test: "zig-bridge/src",
  },
  {
    name: "collected-bytes-not-freed",
    file: "zig-bridge/src/queue.zig",
    text: "fn freeCollected(_: ?*anyopaque, bytes: usize) callconv(.c) void {\n    _ = c.temporal_core_bytes_free(bytes);",
    replacement: "fn freeCollected(_: ?*anyopaque, bytes: usize) callconv(.c) void {\n    _ = bytes;",
    test: "ts/tests/native/echo.test.ts",
  },
  {
    name: "no-room-kept-for-later-heads",
    file: "zig-bridge/src/queue.zig",
    text: "(count - index - 1) * Record.least",
    replacement: "(count - count) * Record.least",
    test: "zig-bridge/src",
  },
  {
    name: "fractions-taken-for-handles",
    file: "zig-bridge/src/number.zig",
    text: "    if (@as(f64, @floatFromInt(whole)) != value) return null;\n",
    replacement: "",
    test: "zig-bridge/src",
  },
];
