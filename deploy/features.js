'use strict';

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

module.exports = { featuresOf, hasWebhook, notDeployed, signingHandler };
