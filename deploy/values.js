'use strict';

const { URL } = require('node:url');

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

/** @param {string} text @param {string} stage */
function isIssuer(text, stage) {
  const issuer = parseUrl(text);
  if (!issuer || issuer.username || issuer.password || /[?#]/.test(text)) return false;
  return issuer.protocol === 'https:' || isLocalRun(issuer, stage);
}

/** @param {URL} url @param {string} stage */
function isLocalRun({ protocol, hostname }, stage) {
  return stage === 'local' && protocol === 'http:' && ['localhost', '127.0.0.1'].includes(hostname);
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
 * Whether notifications may go there: in a deploy only to https and a public name, because what answers at an address of
 * the function's own network is not the app's server.
 *
 * @param {string} text @param {string} stage
 */
function isNotifyUrl(text, stage) {
  const target = parseUrl(text);
  if (!target || target.username || target.password) return false;
  if (isLocalRun(target, stage)) return true;
  if (text.includes('#')) return false;
  const { protocol } = target;
  const hostname = target.hostname.replace(/\.$/, '');
  const isAddress = /^\[|^[\d.]+$/.test(hostname);
  const isInternal = /(^|\.)(localhost|internal|local)$/.test(hostname) || !hostname.includes('.');
  return protocol === 'https:' && !isAddress && !isInternal;
}

module.exports = { parseList, isIssuer, isApiUrl, isOrigin, isInteger, isNotifyUrl };
