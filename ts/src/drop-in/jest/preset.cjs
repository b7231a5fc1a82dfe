/**
 * A preset for Jest, for projects whose code imports `@temporalio/*`: `preset: "temporal-bun-sdk"` in Jest's
 * configuration, and `bun --bun jest`.
 *
 * Jest runs each test file in a global of its own and loads modules into it by a system of its own, which knows neither
 * `bun:ffi` nor what a preload has put in a module's place. So its resolver and its runtime are told.
 */
module.exports = { resolver: require.resolve("./resolver.ts"), runtime: require.resolve("./runtime.ts") };
