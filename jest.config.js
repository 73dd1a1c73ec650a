'use strict';

/** @type {import('jest').Config} */
module.exports = {
  testMatch: ['<rootDir>/tests/**/*.test.ts'],
  transform: { '\\.[jt]s$': ['ts-jest', { tsconfig: 'tsconfig.jest.json' }] },
  // jose is published as ES modules only; everything else in node_modules loads as it is.
  transformIgnorePatterns: ['/node_modules/(?!jose/)'],
  // TypeScript wants the extension that the file has after compiling; here it is compiled on the way.
  moduleNameMapper: { '^((?:\\.{1,2}/)+functions/.*)\\.js$': '$1' },
  maxWorkers: 4, // of two cores: many tests wait for what they have started
  // Nothing here is a claim about speed: this ends what hangs.
  testTimeout: 60_000,
  setupFiles: ['<rootDir>/tests/helpers/environment.ts'],
};
