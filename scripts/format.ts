/** Lays out Rust, Zig and TypeScript, and sorts imports: what the suites rustfmt, zigfmt and lint check. */
import { run } from "./tools";

await run(["scripts/toolchain.sh", "lint"]);
await run(["cargo", "fmt", "--all"]);
await run(["zig", "fmt", "build.zig", "build", "zig-bridge"]);
await run(["biome", "check", "--write"]);
