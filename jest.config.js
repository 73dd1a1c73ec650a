'use strict';

/** Files that only `npm run test:thorough` runs: each starts many processes, and other files cover its main case. */
const THOROUGH_ONLY = [
  'tests/resilience/notifications-chaos.test.ts', // notifications-retries and notifications-delivery
  'tests/cli/proxy.test.ts', // the proxy of the deploy and of VOD's calls
  'tests/client/package.test.ts', // the package as a consumer installs it
  'tests/integration/time-budget.test.ts', // ssm, webhook-outages and cold-starts, in simulated time
  'tests/resilience/load.test.ts', // npm run load
  'tests/local/host.test.ts', // HOST
  'tests/vod/python-sdk.test.ts', // server-sdk: the same calls with the vendor's SDK for Node.js
];

/** @type {import('jest').Config} */
module.exports = {
  // The examples have a configuration of their own: npm run test:examples.
  testPathIgnorePatterns: [
    '/node_modules/',
    '/tests/examples/',
    ...(process.env.THOROUGH === 'true' ? [] : THOROUGH_ONLY),
  ],
  testMatch: ['<rootDir>/tests/**/*.test.ts'],
  transform: { '\\.[jt]s$': '<rootDir>/tests/support/jest-transform.js' },
  // jose is published as ES modules only; everything else in node_modules loads as it is.
  transformIgnorePatterns: ['/node_modules/(?!jose/)'],
  // TypeScript wants the extension that the file has after compiling; here it is compiled on the way.
  moduleNameMapper: { '^((?:\\.{1,2}/)+functions/.*)\\.js$': '$1' },
  maxWorkers: 4, // of two cores: many tests wait for what they have started
  // A worker keeps memory of each file that it ran: one that has too much is replaced before the next file.
  workerIdleMemoryLimit: '1GB',
  // Nothing here is a claim about speed: this ends what hangs.
  testTimeout: 60_000,
  setupFiles: ['<rootDir>/tests/support/environment.ts'],
};
