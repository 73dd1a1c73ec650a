'use strict';

const { partitionOf } = require('./regions');
const { SERVICE } = require('./stages');

/** SSM's limit, which counts the ARN in front of the name (PutParameter, Name). */
const MAX_ARN = 1_011;
const MAX_LEVELS = 15;

/** Parameters of a stage that are not secrets: the state of reconcile and of `npm run vod`, which overwrite them. */
const STATE = new RegExp(`^/${SERVICE}/[^/]+/(reconcile-checkpoint|registered|rotation)$`);

/** In an ARN, the parameter "name" is "/name". @param {string} name */
function withSlash(name) {
  return name.startsWith('/') ? name : `/${name}`;
}

/**
 * The rule for the name of an SSM parameter with a secret. Its messages do not repeat the value, because it may be a
 * secret that was given by mistake.
 *
 * @type {import('./rules').Rule}
 */
const SECRET_NAME = {
  text: 'the name of an SSM parameter (letters, digits and _.-, with a / in front if it has any)',
  violation: (value, { stage, region = '' }) => {
    const problem = value === '' ? '' : nameProblem(value, region);
    return problem === '' ? undefined : { problem, example: `/${SERVICE}/${stage}/my-secret` };
  },
};

/** @param {string} name @param {string} region */
function nameProblem(name, region) {
  if (!/^([\w.-]+|(\/[\w.-]+)+)$/.test(name)) return `must be ${SECRET_NAME.text}`;
  const path = withSlash(name);
  if (path.startsWith('/aws/reference/secretsmanager/')) {
    return 'names a secret of Secrets Manager, which the functions may not read: store it as an SSM SecureString';
  }
  if (/^\/(aws|ssm)/i.test(path)) return 'must not begin with "aws" or "ssm", which SSM reserves';
  const levels = path.split('/').length - 1;
  if (levels > MAX_LEVELS) return `has ${levels} levels, SSM's limit is ${MAX_LEVELS}`;
  const arn = `arn:${partitionOf(region)}:ssm:${region}:123456789012:parameter${path}`;
  if (arn.length > MAX_ARN)
    return `has ${name.length} characters, SSM's limit is ${MAX_ARN} with the ARN in front of it`;
  const [, state] = STATE.exec(path) ?? [];
  return state === undefined
    ? ''
    : `is the parameter in which a deployment stores its own state (${state}), and your secret would be overwritten: choose another name`;
}

module.exports = { SECRET_NAME, withSlash };
