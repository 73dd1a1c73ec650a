'use strict';

const { URL } = require('node:url');

/** Names without a public address: special-use domains, and top-level domains that are in private use only. */
const PRIVATE_NAME = /(^|\.)(corp|home|home\.arpa|internal|intranet|invalid|lan|local|localhost|onion|test)$/;

/** @param {string} text @returns {string[]} the items of a comma separated list */
function parseList(text) {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** @param {string} text @returns {URL | undefined} */
function parseUrl(text) {
  // The parser ignores spaces around a URL, but the text is compared with tokens and Origin headers.
  if (/\s/.test(text)) return undefined;
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** Whether the functions, and AWS itself, can reach the host: not an address, and not a name of a private network. @param {URL} url */
function hasPublicHost(url) {
  const hostname = url.hostname.replace(/\.$/, '');
  const isAddress = /^\[|^[\d.]+$/.test(hostname);
  return !isAddress && hostname.includes('.') && !PRIVATE_NAME.test(hostname);
}

/** Whether the local run may call this URL: http is for what runs on the same machine. @param {URL} url @param {string} stage */
function isLocalRun({ protocol, hostname }, stage) {
  return stage === 'local' && protocol === 'http:' && ['localhost', '127.0.0.1'].includes(hostname);
}

/** @param {string} text @param {string} stage */
function isIssuer(text, stage) {
  const issuer = parseUrl(text);
  if (!issuer || issuer.username || issuer.password || /[?#]/.test(text)) return false;
  return issuer.protocol === 'https:' || isLocalRun(issuer, stage);
}

/** @param {string} text @param {string} stage */
function isApiUrl(text, stage) {
  const api = parseUrl(text);
  return api?.origin === text && (api.protocol === 'https:' || isLocalRun(api, stage));
}

/** Whether the text is spelled like an Origin header. @param {string} text */
function isOrigin(text) {
  const origin = parseUrl(text);
  return origin?.origin === text && ['https:', 'http:'].includes(origin.protocol) && !text.includes('*');
}

/** @param {string} text @param {number} min @param {number} max */
function isInteger(text, min, max) {
  return /^(0|[1-9]\d*)$/.test(text) && Number(text) >= min && Number(text) <= max;
}

/**
 * Whether webhooks may go there: in a deploy only to https and a public name, because an address of the function's own network
 * is not that of the app's server.
 *
 * @param {string} text @param {string} stage
 */
function isNotifyUrl(text, stage) {
  const target = parseUrl(text);
  if (!target || target.username || target.password) return false;
  if (isLocalRun(target, stage)) return true;
  return !text.includes('#') && target.protocol === 'https:' && hasPublicHost(target);
}

/**
 * Whether a URL names a host that AWS can reach. The local run reaches its own machine too.
 *
 * @param {string} text a URL @param {string} stage
 */
function isReachable(text, stage) {
  const url = parseUrl(text);
  return url !== undefined && (stage === 'local' || hasPublicHost(url));
}

module.exports = { isApiUrl, isInteger, isIssuer, isNotifyUrl, isOrigin, isReachable, parseList, parseUrl };
