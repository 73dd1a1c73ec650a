'use strict';

const { PARAMETERS, problemOf } = require('./parameter-list');
const { regionProblem } = require('./regions');
const { secretsProblem } = require('./secrets');
const { stageProblem } = require('./stages');

/**
 * Validates the parameters of a deploy.
 *
 * @param {Record<string, string>} values the value of each parameter
 * @param {string} stage
 * @param {string} [region] where it is absent, neither it nor what depends on it is checked
 * @returns {string} the first error message; '' when they are valid
 */
function firstProblem(values, stage, region) {
  const context = { values, stage, region };
  const problem = stageProblem(stage) || regionProblem(region, stage);
  if (problem !== '') return problem;
  for (const { name } of PARAMETERS) {
    const violation = problemOf(name, context);
    if (violation !== '') return violation;
  }
  return secretsProblem(context);
}

module.exports = { firstProblem };
