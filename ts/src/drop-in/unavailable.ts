/**
 * Stands for modules of the official packages that are inner workings of that SDK, so that there is nothing to put in
 * their place. `temporal-bun-sdk/drop-in` names the module in its error; this one is for programs that rely on `paths`
 * of tsconfig.json alone.
 */
throw new Error(
  "A module of the official Temporal SDK was imported that is part of its inner workings and has no counterpart in temporal-bun-sdk: " +
    "import public names from the package itself, e.g. '@temporalio/common'. See node_modules/temporal-bun-sdk/docs/DROP-IN.md",
);

export {};
