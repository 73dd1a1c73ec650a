'use strict';

const { isInteger, isReachable, parseList } = require('./values');

/**
 * @typedef {object} Context
 * @property {Readonly<Record<string, string>>} values the value of each parameter
 * @property {string} stage
 * @property {string} [region] absent where it does not matter
 */

/**
 * @typedef {object} Violation
 * @property {string} problem the end of a message that begins with the parameter's name
 * @property {string} [example] in place of the parameter's: a value, or assignments such as `A=1 B=2`; '' for none
 */

/**
 * @typedef {object} Rule
 * @property {string} text what a value must be
 * @property {(value: string, context: Context) => Violation | undefined} violation
 */

/**
 * A deploy parameter, as parameter-list.js lists them.
 *
 * @typedef {object} Parameter
 * @property {string} name
 * @property {string} section of .env.example
 * @property {string | ((stage: string) => string)} default
 * @property {string} [placeholder] stands in .env.example in place of the default, and is refused in prod
 * @property {string | ((stage: string) => string)} example for messages about it
 * @property {Rule} rule
 * @property {string} description
 * @property {boolean} [isSecret] whether it is the name of an SSM parameter with a secret
 * @property {boolean} [isText] whether it may be in any script; otherwise it is ASCII
 * @property {(context: Context) => boolean} [isUsed] an unused one may have any value; default: true
 * @property {(context: Context) => string} [whenEmpty] why it must have a value; '' if it need not
 */

/**
 * @param {string} text @param {(value: string, context: Context) => boolean} accepts
 * @param {Partial<Violation>} [changed] of the violation
 * @returns {Rule}
 */
function rule(text, accepts, changed = {}) {
  return {
    text,
    violation: (value, context) =>
      accepts(value, context) ? undefined : { problem: `must be ${text}, not "${value}"`, ...changed },
  };
}

/** @param {number} min @param {number} max */
function integer(min, max) {
  return rule(`a whole number from ${min} to ${max}`, (value) => isInteger(value, min, max));
}

/** @param {string} unit @param {number} max */
function perSecond(unit, max) {
  return rule(`a whole number of ${unit} a second from 1 to ${max}`, (value) => isInteger(value, 1, max));
}

/** @param {number} min @param {number} max */
function integerOrEmpty(min, max) {
  const text = `a whole number from ${min} to ${max}, or empty`;
  return rule(text, (value) => value === '' || isInteger(value, min, max));
}

/** @param {readonly string[]} values */
function oneOf(values) {
  return rule(`one of: ${values.join(', ')}`, (value) => values.includes(value));
}

/** @returns {Rule} */
function boolean() {
  return rule('true or false', (value) => ['true', 'false'].includes(value), { example: '' });
}

/** For a URL: AWS, and the functions, can reach its host. @type {Rule} */
const REACHABLE = {
  text: 'with a public host name',
  violation: (value, { stage }) =>
    isReachable(value, stage) ? undefined : { problem: `names a host that AWS cannot reach, "${value}"` },
};

/**
 * For each item of a comma separated list.
 *
 * @param {string} text of all items @param {(item: string, context: Context) => boolean} accepts
 * @param {Partial<Violation>} [changed] of the violation
 * @returns {Rule}
 */
function each(text, accepts, changed = {}) {
  return {
    text,
    violation: (value, context) => {
      const refused = parseList(value).find((item) => !accepts(item, context));
      return refused === undefined ? undefined : { problem: `must be ${text}, not "${refused}"`, ...changed };
    },
  };
}

/** A comma separated list contains no item twice. @returns {Rule} */
function distinct() {
  return {
    text: 'without duplicates',
    violation: (value) => {
      const items = parseList(value);
      const repeated = items.find((item, index) => items.indexOf(item) < index);
      return repeated === undefined ? undefined : { problem: `contains "${repeated}" twice, name it once` };
    },
  };
}

/**
 * @param {number} max items of a comma separated list @param {string} limit the name of the limit, such as "API Gateway's limit"
 * @returns {Rule}
 */
function atMost(max, limit) {
  return {
    text: `at most ${max} items`,
    violation: (value) => {
      const { length } = parseList(value);
      return length <= max ? undefined : { problem: `has ${length} items, ${limit} is ${max}` };
    },
  };
}

/** The first violation of several rules. @param {readonly Rule[]} rules @returns {Rule} */
function all(...rules) {
  return {
    text: rules.map(({ text }) => text).join(', '),
    violation: (value, context) => {
      for (const one of rules) {
        const violation = one.violation(value, context);
        if (violation) return violation;
      }
      return undefined;
    },
  };
}

module.exports = { REACHABLE, all, atMost, boolean, distinct, each, integer, integerOrEmpty, oneOf, perSecond, rule };
