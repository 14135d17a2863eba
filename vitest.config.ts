import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'fixtures/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 60_000,
    setupFiles: ['test/property-seed.ts'],
    // Two cores: one DuckDB each is enough.
    maxWorkers: 2,
    // With two workers a second thread of an engine has no core of its own, and waits by polling: a fifth of all CPU time. DuckDB takes
    // the number from this variable (its own way to be told by a batch system), in the processes that tests start too.
    env: { SLURM_CPUS_ON_NODE: '1', TZ: 'UTC', AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
  },
});
