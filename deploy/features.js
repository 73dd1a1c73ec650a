'use strict';

const { isInteger } = require('./values');

/**
 * What is deployed only where a parameter asks for it: by the name of a function, or the first word of its resources.
 *
 * @param {Record<string, string>} given @returns {Record<string, boolean>}
 */
function featuresOf(given) {
  return {
    notifyApp: given.NOTIFY_URL !== '',
    deleteUpload: given.ALLOW_DELETE === 'true',
    playback: given.PLAYER_KEY_PARAMETER !== '' || given.URL_KEY_PARAMETER !== '',
    uploadQuota: given.UPLOADS_PER_DAY !== '',
    rejectAction: given.REJECT_ACTION !== 'keep',
  };
}

/**
 * The functions, and groups of resources, that the parameters switch off. The local run has those of both event modes.
 *
 * @param {Record<string, string>} given @param {string} stage
 */
function notDeployed(given, stage) {
  const unused = Object.entries(featuresOf(given)).flatMap(([name, isOn]) => (isOn ? [] : [name]));
  if (stage === 'local') return unused;
  return [...unused, given.EVENT_MODE === 'pull' ? 'vodEvents' : 'pullEvents'];
}

/** Whether this deploy has the public events route. @param {Record<string, string>} given @param {string} stage */
function hasWebhook(given, stage) {
  return !notDeployed(given, stage).includes('vodEvents');
}

/** The handler that signs: without limits it stays as small, and starts as fast, as it can. @param {Record<string, string>} given */
function signingHandler(given) {
  if (given.UPLOADS_PER_DAY !== '') return 'functions/upload-signature-with-quota.handler';
  const hasLimits = given.MAX_BYTES !== '' || given.ALLOWED_CATEGORIES !== '';
  return hasLimits ? 'functions/upload-signature-with-limits.handler' : 'functions/upload-signature.handler';
}

const CATEGORIES = ['Video', 'Audio', 'Image'];
const CONTENTS = ['Original', 'Transcode', 'RawAdaptive', 'ProtectedAdaptive'];
/** A week, in seconds: a URL that is passed on plays until it expires. */
const MAX_PLAYBACK_SECONDS = 604_800;
/** Each signature reads up to this many index entries. */
const MAX_UPLOADS_PER_DAY = 1_000;

/** @param {number} min @param {number} max */
const integer = (min, max) => ({
  /** @param {string} value */
  accepts: (value) => isInteger(value, min, max),
  rule: `a whole number from ${min} to ${max}`,
});

/** @param {readonly string[]} values */
const oneOf = (values) => ({
  /** @param {string} value */
  accepts: (value) => values.includes(value),
  rule: `one of: ${values.join(', ')}`,
});

/** @param {{accepts: (value: string) => boolean, rule: string}} rule */
const orEmpty = ({ accepts, rule }) => ({
  /** @param {string} value */
  accepts: (value) => value === '' || accepts(value),
  rule: `${rule}, or empty`,
});

/** The rule of each parameter, with an example. */
const RULES = {
  ALLOW_DELETE: { ...oneOf(['true', 'false']), example: 'true' },
  PLAYBACK_CONTENT: { ...oneOf(CONTENTS), example: 'Original' },
  PLAYBACK_DEFINITION: { ...orEmpty(integer(1, Number.MAX_SAFE_INTEGER)), example: '10' },
  PLAYBACK_SECONDS: { ...integer(60, MAX_PLAYBACK_SECONDS), example: '3600' },
  PLAYBACK_APP_ID: { ...orEmpty(integer(1, Number.MAX_SAFE_INTEGER)), example: '1500000001' },
  MAX_BYTES: { ...orEmpty(integer(1, Number.MAX_SAFE_INTEGER)), example: '1073741824' },
  MAX_SECONDS: { ...orEmpty(integer(1, Number.MAX_SAFE_INTEGER)), example: '600' },
  ALLOWED_CATEGORIES: {
    /** @param {string} value */
    accepts: (value) => value === '' || value.split(',').every((item) => CATEGORIES.includes(item.trim())),
    rule: `a list of ${CATEGORIES.join(', ')}, or empty`,
    example: 'Video,Audio',
  },
  UPLOADS_PER_DAY: { ...orEmpty(integer(1, MAX_UPLOADS_PER_DAY)), example: '20' },
  REJECT_ACTION: { ...oneOf(['keep', 'forbid', 'delete']), example: 'forbid' },
};

/**
 * What is wrong with the parameters of optional features, in one sentence.
 *
 * @param {Record<string, string>} given @param {string} stage @returns {string} '' when they are valid
 */
function featureProblem(given, stage) {
  for (const [name, { accepts, rule, example }] of Object.entries(RULES)) {
    if (!accepts(given[name])) return `${name} must be ${rule}, not "${given[name]}", for example ${name}=${example}`;
  }
  const { deleteUpload, rejectAction, playback } = featuresOf(given);
  if ((deleteUpload || rejectAction) && given.VOD_WRITE_KEY_PARAMETER === '') {
    const cause = deleteUpload ? 'ALLOW_DELETE=true' : `REJECT_ACTION=${given.REJECT_ACTION}`;
    return `VOD_WRITE_KEY_PARAMETER is missing, ${cause} needs a key pair that may change files in VOD, for example VOD_WRITE_KEY_PARAMETER=/vod-client-upload/${stage}/vod-write-key`;
  }
  return playback ? playbackProblem(given, stage) : '';
}

/** @param {Record<string, string>} given @param {string} stage @returns {string} '' when they are valid */
function playbackProblem(given, stage) {
  const { PLAYBACK_CONTENT: content } = given;
  if (given.PLAYBACK_APP_ID === '' && !/^[1-9]\d*$/.test(given.VOD_SUB_APP_ID)) {
    return 'PLAYBACK_APP_ID is missing, a playback signature names the application: VOD_SUB_APP_ID, or the AppId of an account without one, for example PLAYBACK_APP_ID=1500000001';
  }
  // VOD requires the template in the player signature of all but the original (266/45554).
  if (content !== 'Original' && given.PLAYBACK_DEFINITION === '') {
    return `PLAYBACK_DEFINITION is missing, PLAYBACK_CONTENT=${content} needs the id of the template, for example PLAYBACK_DEFINITION=10`;
  }
  // The URL of an encrypted stream does not play by itself.
  if (content === 'ProtectedAdaptive' && given.PLAYER_KEY_PARAMETER === '') {
    return `PLAYER_KEY_PARAMETER is missing, PLAYBACK_CONTENT=ProtectedAdaptive plays with a player signature only, for example PLAYER_KEY_PARAMETER=/vod-client-upload/${stage}/player-key`;
  }
  return '';
}

module.exports = { featuresOf, featureProblem, hasWebhook, notDeployed, signingHandler };
