/** Writes again everything that is generated and committed. */
import { environment, packageFolder, run } from "./tools";

// The tests that check these files for drift write them when they are asked to.
environment["TEMPORAL_CORE_WRITE_HEADER"] = "1";
environment["TEMPORAL_CORE_WRITE_OPTIONS"] = "1";
// The header is part of what the second compiles.
await run(["cargo", "test", "--release", "--package", "temporal-bun-checks", "--test", "header"]);
await run(["cargo", "test", "--release", "--package", "temporal-bun-core", "--lib", "options::reference"]);
await run(["bun", "install", "--frozen-lockfile", "--silent"], packageFolder);
await run(["bun", "ts/scripts/generate-proto.ts"]);
await run(["bun", "ts/scripts/sigstore.ts"]);
await run(["bun", "scripts/third-party.ts"]);
