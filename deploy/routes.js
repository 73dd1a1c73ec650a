'use strict';

const { featuresOf, hasFunctionUrl, hasWebhook } = require('./features');

/** Requests a second of an account's API Gateway, unless AWS raised it. */
const MAX_GATEWAY_RATE = 10_000;
/** Requests a second for each route that app users read. */
const READ_RATE = 500;
/** Requests a second for the route that deletes in VOD. */
const DELETE_RATE = 50;

/**
 * The routes of this deploy: each with its logical id in the template, and the requests a second that it accepts; twice as
 * many in a burst. VOD does not send an event again that the events route refuses; `reconcile` finds its file.
 *
 * @param {Record<string, string>} values @param {string} stage
 */
function routesOf(values, stage) {
  const { deleteUpload, playback } = featuresOf(values);
  const optional = (isOn, key, id, rate) => (isOn ? [{ key, id, rate }] : []);
  return [
    {
      key: 'POST /upload-signature',
      id: 'HttpApiRoutePostUploadDashsignature',
      rate: Number(values.SIGNATURES_RATE) || 1,
    },
    { key: 'GET /uploads', id: 'HttpApiRouteGetUploads', rate: READ_RATE },
    { key: 'GET /uploads/{fileId}', id: 'HttpApiRouteGetUploadsFileidVar', rate: READ_RATE },
    ...optional(deleteUpload, 'DELETE /uploads/{fileId}', 'HttpApiRouteDeleteUploadsFileidVar', DELETE_RATE),
    ...optional(playback, 'GET /uploads/{fileId}/playback', 'HttpApiRouteGetUploadsFileidVarPlayback', READ_RATE),
    ...optional(
      hasWebhook(values, stage) && !hasFunctionUrl(values, stage),
      'POST /vod-events',
      'HttpApiRoutePostVodDashevents',
      Number(values.EVENTS_RATE) || 1,
    ),
  ];
}

/** The settings of the HTTP API's stage. @param {Record<string, string>} values @param {string} stage */
function routeSettings(values, stage) {
  const settings = routesOf(values, stage).map(({ key, rate }) => [
    key,
    // A route's settings replace the stage's, detailed metrics included.
    { ThrottlingRateLimit: rate, ThrottlingBurstLimit: 2 * rate, DetailedMetricsEnabled: true },
  ]);
  return Object.fromEntries(settings);
}

/** Logical ids of the routes with settings. @param {Record<string, string>} values @param {string} stage */
function limitedRoutes(values, stage) {
  return routesOf(values, stage).map(({ id }) => id);
}

/** CORS of the HTTP API; false for none. @param {readonly string[]} origins */
function corsOf(origins) {
  if (origins.length === 0) return false;
  return {
    allowedOrigins: origins,
    allowedMethods: ['GET', 'POST', 'DELETE'],
    // The last four are what tools for tracing and error reports add to every request of a page.
    allowedHeaders: [
      'authorization',
      'content-type',
      'if-none-match',
      'traceparent',
      'tracestate',
      'baggage',
      'sentry-trace',
    ],
    exposedResponseHeaders: ['www-authenticate', 'retry-after', 'etag'],
    maxAge: 7200, // Chromium's limit
  };
}

module.exports = { MAX_GATEWAY_RATE, corsOf, limitedRoutes, routeSettings };
