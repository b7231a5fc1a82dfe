/**
 * The thread's own functions, taken before Workflow code's versions replace them. What the SDK needs of them it takes
 * from here.
 */
export const real = {
  Date,
  now: Date.now,
  random: Math.random,
  console,
} as const;
