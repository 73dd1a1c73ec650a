'use strict';

/** @type {import('jest').Config} */
module.exports = {
  testMatch: ['<rootDir>/tests/**/*.test.ts'],
  transform: { '\\.[jt]s$': ['ts-jest', { tsconfig: 'tsconfig.jest.json' }] },
  // jose is published as ES modules only; everything else in node_modules loads as it is.
  transformIgnorePatterns: ['/node_modules/(?!jose/)'],
  setupFiles: ['<rootDir>/tests/helpers/environment.ts'],
};
