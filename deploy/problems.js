'use strict';

const { PARAMETERS, problemOf } = require('./parameter-list');
const { regionProblem } = require('./regions');
const { secretsProblem } = require('./secrets');
const { stageProblem } = require('./stages');

/**
 * What is wrong with the parameters of a deploy, as one message.
 *
 * @param {Record<string, string>} given the value of each parameter
 * @param {string} stage
 * @param {string} [region] where it is absent, neither it nor what depends on it is checked
 * @returns {string} '' when they are valid
 */
function firstProblem(given, stage, region) {
  const context = { given, stage, region };
  const problem = stageProblem(stage) || regionProblem(region, stage);
  if (problem !== '') return problem;
  for (const { name } of PARAMETERS) {
    const found = problemOf(name, context);
    if (found !== '') return found;
  }
  return secretsProblem(context);
}

module.exports = { firstProblem };
