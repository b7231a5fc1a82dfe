import { expect, test } from "bun:test";
import { progressLine, terminalReporter } from "../../src/libs/reporter";

test("a progress line has share, sizes, speed and time left, and fits the terminal", () => {
  expect(progressLine(2_500_000, 10_000_000, 1_000_000, 200)).toBe(
    `[${"#".repeat(10)}${"-".repeat(30)}]  25 %  2.5 MB of 10.0 MB  1.0 MB/s  8 s left`,
  );
  expect(progressLine(10_000_000, 10_000_000, 1_000_000, 200)).toEndWith(" 100 %  10.0 MB of 10.0 MB  1.0 MB/s");
  expect(progressLine(0, 10_000_000, Number.NaN, 200)).toEndWith("   0 %  0.0 kB of 10.0 MB");
  expect(progressLine(0, 0, Number.NaN, 200)).toContain("100 %");
  for (let columns = 1; columns < 120; columns++)
    expect(progressLine(2_500_000, 10_000_000, 1_000_000, columns).length).toBeLessThan(columns);
});

test("on a terminal the bar is drawn over itself, not more often than 10 times a second, and messages erase it", () => {
  let written = "";
  let time = 0;
  const reporter = terminalReporter({ write: (text) => (written += text), isTTY: true, columns: 40 }, () => time);
  for (time = 0; time < 1000; time += 10) reporter.progress("a", time, 1000);
  expect(written.match(/ %/g)).toHaveLength(10);
  reporter.message("something");
  expect(written).toEndWith("\r\x1b[2Ksomething\n");
  reporter.progress("a", 1000, 1000);
  expect(written).toContain("100 %");
  expect(written).toEndWith("\n");
});

test("elsewhere there are messages only", () => {
  let written = "";
  const reporter = terminalReporter({ write: (text) => (written += text) });
  reporter.progress("a", 5, 10);
  reporter.message("something");
  reporter.progress("a", 10, 10);
  expect(written).toBe("something\n");
});
