'use strict';

/** The service's name in serverless.yml: the beginning of every name in AWS. */
const SERVICE = 'vod-client-upload';

/** Lambda's limit for a function's name; the longest one here is that of uploadSignature. */
const MAX_FUNCTION_NAME = 64;
const MAX_STAGE = MAX_FUNCTION_NAME - `${SERVICE}--uploadSignature`.length;

/** Words for production in addition to those that contain "prod" or "prd", and typing errors. */
const PRODUCTION = ['live', 'online', 'pro', 'pord', 'prdo', 'rpod'];
/** Beginnings that make it another word: nonprod, preprod, reprod. */
const NEGATION = /^(non|not|no|pre|re|un)$/;

/** Digits that stand for letters, in two ways. */
const LEET = [
  { 0: 'o', 1: 'i', 3: 'e' },
  { 0: 'o', 1: 'l', 3: 'e' },
];

/**
 * Validates the name of a stage.
 *
 * @param {string} stage @returns {string} the error message; '' when it is valid
 */
function stageProblem(stage) {
  if (!/^[A-Za-z0-9-]+$/.test(stage)) {
    return 'the stage must consist of ASCII letters, digits and hyphens, for example --stage dev';
  }
  if (stage.length > MAX_STAGE) {
    return `the stage has ${stage.length} characters, the limit is ${MAX_STAGE}, because Lambda accepts ${MAX_FUNCTION_NAME} in ${SERVICE}-<stage>-uploadSignature: use a shorter name, for example --stage dev`;
  }
  if (stage !== 'prod' && looksLikeProduction(stage)) {
    return `the stage "${stage}" looks like production, but only "prod" protects its table and stack: use --stage prod, or a name that does not suggest production, for example --stage staging`;
  }
  return '';
}

/**
 * Whether the stage can be mistaken for production: it contains "prod", "prd", "live" or the like, in any case and with
 * digits for letters, unless the word means something else, such as nonprod, preprod and pre-prod.
 *
 * @param {string} stage
 */
function looksLikeProduction(stage) {
  const spellings = [stage, stage.replaceAll(/([a-z\d])([A-Z])/g, '$1-$2')].map((text) => text.toLowerCase());
  const withLetters = LEET.flatMap((letters) =>
    spellings.map((text) => text.replaceAll(/[013]/g, (digit) => letters[digit])),
  );
  return [...spellings, ...withLetters].some((text) => {
    const parts = text.split(/[^a-z]+/);
    return parts.some((part, index) => meansProduction(part) && !NEGATION.test(parts[index - 1] ?? ''));
  });
}

/** @param {string} word */
function meansProduction(word) {
  if (PRODUCTION.includes(word)) return true;
  const index = word.search(/prod|prd/);
  return index >= 0 && !NEGATION.test(word.slice(0, index));
}

module.exports = { SERVICE, stageProblem };
