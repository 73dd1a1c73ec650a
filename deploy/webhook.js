'use strict';

const { hasFunctionUrl } = require('./features');

/** A function URL accepts this many requests a second for each concurrent execution that is reserved for its function. */
const REQUESTS_PER_EXECUTION = 10;
/** VOD posts several events at once, and an event takes longer while the table fails. */
const MIN_EXECUTIONS = 5;

const HTTP_API = {
  trigger: { events: [{ httpApi: { method: 'POST', path: '/vod-events' } }] },
  url: { 'Fn::Sub': '${HttpApi.ApiEndpoint}/vod-events' },
  failures: {
    Namespace: 'AWS/ApiGateway',
    MetricName: '5xx',
    Dimensions: [
      { Name: 'ApiId', Value: { Ref: 'HttpApi' } },
      { Name: 'Stage', Value: '$default' },
      { Name: 'Method', Value: 'POST' },
      { Name: 'Resource', Value: '/vod-events' },
    ],
  },
};

/**
 * How VOD reaches the function vodEvents: what triggers it, the URL, and the metric of its failed responses.
 *
 * @param {Record<string, string>} values @param {string} stage
 */
function webhookOf(values, stage) {
  if (!hasFunctionUrl(values, stage)) return HTTP_API;
  return {
    trigger: { url: true, reservedConcurrency: executionsFor(Number(values.EVENTS_RATE) || 0) },
    // The function ignores the path, which only makes the URL recognizable.
    url: { 'Fn::Sub': '${VodEventsLambdaFunctionUrl.FunctionUrl}vod-events' },
    failures: {
      Namespace: 'AWS/Lambda',
      MetricName: 'Url5xxCount',
      Dimensions: [{ Name: 'FunctionName', Value: { Ref: 'VodEventsLambdaFunction' } }],
    },
  };
}

/** @param {number} rate requests a second */
function executionsFor(rate) {
  return Math.max(MIN_EXECUTIONS, Math.ceil(rate / REQUESTS_PER_EXECUTION));
}

module.exports = { webhookOf };
