'use strict';

// `npm run test:examples`. Not part of `npm test`, since it installs the examples from the npm registry.

/** @type {import('jest').Config} */
module.exports = {
  rootDir: '../..',
  testMatch: ['<rootDir>/tests/examples/*.test.ts'],
  transform: { '\\.ts$': '<rootDir>/tests/support/jest-transform.js' },
  maxWorkers: 1, // the files share what is installed, and the machine has two cores
  testTimeout: 90_000,
  setupFiles: ['<rootDir>/tests/support/environment.ts'],
  globalSetup: '<rootDir>/tests/examples/setup.ts',
  globalTeardown: '<rootDir>/tests/examples/teardown.ts',
};
