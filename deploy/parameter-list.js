'use strict';

const { characterProblem } = require('./characters');
const { AWS_PARAMETERS, SECRET_PARAMETERS } = require('./parameter-list-secrets');
const { SIGNING_PARAMETERS } = require('./parameter-list-signing');
const { UPLOAD_PARAMETERS } = require('./parameter-list-uploads');
const { parseList, parseUrl } = require('./values');

/**
 * The `params` of serverless.yml that can be set by hand, in the order of .env.example. Everything that validates or shows
 * parameters reads this list, or is tested against it: serverless.yml, .env.example, the local run.
 *
 * @type {readonly import('./rules').Parameter[]}
 */
const PARAMETERS = [...SIGNING_PARAMETERS, ...UPLOAD_PARAMETERS, ...SECRET_PARAMETERS, ...AWS_PARAMETERS];

/** `provider.region` of serverless.yml: a variable of .env, and no parameter. */
const AWS_REGION = {
  name: 'AWS_REGION',
  section: 'AWS',
  default: 'ap-southeast-1',
  description: 'AWS region, unless --region is given.',
};

/** @param {string | ((stage: string) => string)} value @param {string} stage @returns {string} */
function forStage(value, stage) {
  return typeof value === 'function' ? value(stage) : value;
}

/**
 * The value of each parameter in a stage that sets none.
 *
 * @param {string} stage @returns {Record<string, string>}
 */
function defaultsOf(stage) {
  return Object.fromEntries(PARAMETERS.map((parameter) => [parameter.name, forStage(parameter.default, stage)]));
}

/**
 * The value of one parameter in a stage that does not set it.
 *
 * @param {string} name @param {string} stage @returns {string} @throws Error for a name that is not in the list
 */
function defaultOf(name, stage) {
  return forStage(parameterOf(name).default, stage);
}

/** @param {string} name @returns {import('./rules').Parameter} @throws Error for a name that is not in the list */
function parameterOf(name) {
  const definition = PARAMETERS.find((parameter) => parameter.name === name);
  if (!definition) throw new Error(`Cannot find the deploy parameter ${name} in deploy/parameter-list.js`);
  return definition;
}

/**
 * Validates one parameter.
 *
 * @param {string} name @param {import('./rules').Context} context
 * @returns {string} the error message, which begins with its name; '' when its value is valid, or is not used
 * @throws Error for a name that is not in the list
 */
function problemOf(name, context) {
  const parameter = parameterOf(name);
  if (parameter.isUsed?.(context) === false) return '';
  const violation = violationOf(parameter, context.values[name] ?? '', context);
  if (!violation) return '';
  const example = violation.example ?? forStage(parameter.example, context.stage);
  const assignment = /^[A-Z_]+=/.test(example) ? example : `${name}=${example}`;
  return `${name} ${violation.problem}${example === '' ? '' : `, for example ${assignment}`}`;
}

/**
 * @param {import('./rules').Parameter} parameter @param {string} value @param {import('./rules').Context} context
 * @returns {import('./rules').Violation | undefined}
 */
function violationOf(parameter, value, context) {
  const reason = isEmpty(value) ? (parameter.whenEmpty?.(context) ?? '') : '';
  if (reason !== '') return { problem: `is missing, ${reason}` };
  const strange = characterProblem(value, parameter);
  if (strange !== '') return { problem: strange };
  return parameter.rule.violation(value, context) ?? placeholderViolation(parameter, value, context);
}

/** A list of nothing but commas is empty too. @param {string} value */
function isEmpty(value) {
  return parseList(value).length === 0;
}

/**
 * The example values of .env.example cannot work in production.
 *
 * @param {import('./rules').Parameter} parameter @param {string} value @param {import('./rules').Context} context
 * @returns {import('./rules').Violation | undefined}
 */
function placeholderViolation({ placeholder, default: fallback }, value, { stage }) {
  if (stage !== 'prod') return undefined;
  const shown = placeholder ?? (typeof fallback === 'function' ? fallback('dev') : undefined);
  const match = parseList(value).find((item) => shown !== undefined && isSame(item, shown));
  if (match === undefined) return undefined;
  return {
    problem: `"${match}" is the example of .env.example and is refused in prod, set your own value`,
    example: '',
  };
}

/** @param {string} item @param {string} shown: of URLs, the host counts */
function isSame(item, shown) {
  const host = parseUrl(shown)?.host;
  return host === undefined ? item === shown : parseUrl(item)?.host === host;
}

module.exports = { AWS_REGION, PARAMETERS, defaultOf, defaultsOf, problemOf };
