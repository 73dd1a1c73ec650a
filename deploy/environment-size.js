'use strict';

const { Buffer } = require('node:buffer');
const { PARAMETERS } = require('./parameter-list');

/** Lambda's limit for the variables of a function, as JSON. */
const MAX_BYTES = 4_096;
/** Stands for a value that is known only when it is deployed: at most as long as the URL of a queue. */
const REFERENCE = 'x'.repeat(140);

/**
 * Validates the size of the functions' environment variables.
 *
 * @param {Record<string, {environment?: Record<string, unknown>}>} functions of the service, with resolved variables
 * @returns {string} the error message; '' when Lambda accepts all of them
 */
function environmentProblem(functions) {
  for (const [name, { environment = {} }] of Object.entries(functions)) {
    const variables = Object.entries(environment).map(([key, value]) => [key, textOf(value)]);
    const size = Buffer.byteLength(JSON.stringify(Object.fromEntries(variables)));
    if (size <= MAX_BYTES) continue;
    const [longest, value] = variables.filter(isParameter).sort((a, b) => b[1].length - a[1].length)[0];
    return `${longest} is too long: it has ${Buffer.byteLength(value)} bytes, and the environment of ${name} would have ${size} bytes in total, Lambda's limit is ${MAX_BYTES}`;
  }
  return '';
}

/** @param {[string, string]} variable */
function isParameter([key]) {
  return PARAMETERS.some(({ name }) => name === key);
}

/** @param {unknown} value */
function textOf(value) {
  return typeof value === 'object' && value !== null ? REFERENCE : String(value);
}

module.exports = { environmentProblem };
