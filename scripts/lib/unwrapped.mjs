/** Files whose comments are still wider: they are being rewritten. */
export const unwrapped = [
  "packages/server/src/cli/check-send.ts",
  "packages/server/src/config/apart/child.ts",
  "packages/server/src/config/apart/run-apart.ts",
  "packages/server/src/router/consumer.ts",
  "packages/server/src/router/memory/budget.test.ts",
  "packages/server/src/router/memory/budget.ts",
  "packages/server/src/router/read/take-record.ts",
  "packages/server/src/router/router.ts",
  "packages/server/src/router/thread/worker.ts",
  "packages/server/src/router/transform/running-file.ts",
  "packages/server/src/router/transform/transform-process.ts",
  "packages/server/src/router/transform/transform-watchdog.ts",
  "packages/server/src/router/transform/transformation.ts",
];
