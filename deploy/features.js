'use strict';

/**
 * The optional features, and whether the parameters turn them on: by the name of a function, or the first word of its
 * resources.
 *
 * @param {Record<string, string>} values @returns {Record<string, boolean>}
 */
function featuresOf(values) {
  return {
    notifyApp: values.NOTIFY_URL !== '',
    deleteUpload: values.ALLOW_DELETE === 'true',
    playback: values.PLAYER_KEY_PARAMETER !== '' || values.URL_KEY_PARAMETER !== '',
    uploadQuota: values.UPLOADS_PER_DAY !== '',
    rejectAction: values.REJECT_ACTION !== 'keep',
  };
}

/**
 * The functions, and groups of resources, that the parameters switch off. The local run has those of both event modes.
 *
 * @param {Record<string, string>} values @param {string} stage
 */
function notDeployed(values, stage) {
  const unused = Object.entries(featuresOf(values)).flatMap(([name, isOn]) => (isOn ? [] : [name]));
  if (stage === 'local') return unused;
  return [...unused, values.EVENT_MODE === 'pull' ? 'vodEvents' : 'pullEvents'];
}

/** Whether VOD posts events to this deploy. @param {Record<string, string>} values @param {string} stage */
function hasWebhook(values, stage) {
  return !notDeployed(values, stage).includes('vodEvents');
}

/** Whether it posts them to a URL of the function's own. The local run has the route. @param {Record<string, string>} values @param {string} stage */
function hasFunctionUrl(values, stage) {
  return hasWebhook(values, stage) && stage !== 'local' && values.EVENTS_ENDPOINT === 'function-url';
}

/** The handler that signs: without limits it stays as small, and starts as fast, as it can. @param {Record<string, string>} values */
function signingHandler(values) {
  if (values.UPLOADS_PER_DAY !== '') return 'functions/upload-signature-with-quota.handler';
  const hasLimits = values.MAX_BYTES !== '' || values.ALLOWED_CATEGORIES !== '';
  return hasLimits ? 'functions/upload-signature-with-limits.handler' : 'functions/upload-signature.handler';
}

module.exports = { featuresOf, hasFunctionUrl, hasWebhook, notDeployed, signingHandler };
