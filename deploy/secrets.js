'use strict';

const { hasWebhook } = require('./features');
const { PARAMETERS, defaultOf } = require('./parameter-list');
const { withSlash } = require('./secret-names');

/** Key pairs that may be the same parameter. The one that may change files is not among them. */
const KEY_PAIRS = ['VOD_KEY_PARAMETER', 'VOD_API_KEY_PARAMETER'];
/** Secrets that authenticate the webhook; unused where events are pulled. */
const CALLBACK_SECRETS = ['CALLBACK_TOKEN_PARAMETER', 'CALLBACK_SIGN_KEY_PARAMETER'];

/** @param {readonly string[]} names of SSM parameters; an empty name is none */
function secretArns(names) {
  const arn = 'arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter';
  return names.filter((name) => name !== '').map((name) => ({ 'Fn::Sub': `${arn}${withSlash(name)}` }));
}

/**
 * Validates the names of secrets together. The message does not repeat them, because they may be secrets given by
 * mistake.
 *
 * @param {import('./rules').Context} context @returns {string} the error message; '' when they are valid
 */
function secretsProblem(context) {
  const { values, stage } = context;
  if (hasWebhook(values, stage) && CALLBACK_SECRETS.every((name) => values[name] === '')) {
    const example = `CALLBACK_TOKEN_PARAMETER=${defaultOf('CALLBACK_TOKEN_PARAMETER', stage)}`;
    return `CALLBACK_TOKEN_PARAMETER and CALLBACK_SIGN_KEY_PARAMETER are both empty, so anyone could post events: set at least one, for example ${example}`;
  }
  const secrets = usedSecrets(context);
  for (const [index, name] of secrets.entries()) {
    const twin = secrets.slice(0, index).find((other) => withSlash(values[other]) === withSlash(values[name]));
    if (KEY_PAIRS.includes(twin) && KEY_PAIRS.includes(name)) continue;
    if (twin !== undefined) return `${twin} and ${name} are set to the same SSM parameter: each secret needs its own`;
  }
  return '';
}

/** Those that have a name and that a function of this deploy reads. @param {import('./rules').Context} context */
function usedSecrets(context) {
  return PARAMETERS.flatMap(({ name, isSecret, isUsed }) =>
    isSecret && context.values[name] !== '' && isUsed?.(context) !== false ? [name] : [],
  );
}

module.exports = { secretArns, secretsProblem };
