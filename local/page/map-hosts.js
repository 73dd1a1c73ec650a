/** The hosts that are written into the SDK, and the storage hosts that VOD assigns. */
const VOD_HOST =
  /^https?:\/\/(vod2\.qcloud\.com|vod2\.dnsv1\.com|vodreport\.qcloud\.com|[^/]+\.cos\.[^./]+\.(?:myqcloud\.com|tencentcos\.cn))(?=[/?]|$)/;

/**
 * Where the local VOD answers for a URL of Tencent's: the host becomes the first segment of the path. Any other URL stays.
 *
 * @param {string} url
 * @param {string} vodUrl of the local VOD, such as http://localhost:3443
 */
export function localUrl(url, vodUrl) {
  return url.replace(VOD_HOST, `${vodUrl}/$1`);
}

/**
 * Sends what the SDK sends to Tencent to the local VOD instead. The SDK knows no option for it, but sends all of it by
 * XMLHttpRequest. For development: against Tencent's VOD leave this out, and nothing else changes.
 *
 * @param {string} vodUrl
 */
export function mapHosts(vodUrl) {
  const { open } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function (method, url, ...rest) {
    return open.call(this, method, localUrl(String(url), vodUrl), ...(rest.length > 0 ? rest : [true]));
  };
}
