/** The hosts that are written into the SDK, and the storage hosts that VOD assigns. */
const VOD_HOST =
  /^https?:\/\/(vod2\.qcloud\.com|vod2\.dnsv1\.com|vodreport\.qcloud\.com|[^/]+\.cos\.[^./]+\.(?:myqcloud\.com|tencentcos\.cn))(?=[/?]|$)/;

/**
 * The URL of the local VOD for a URL of Tencent's: the host becomes the first segment of the path. Any other URL is unchanged.
 *
 * @param {string} url
 * @param {string} vodUrl of the local VOD, such as http://localhost:3443
 */
export function localUrl(url, vodUrl) {
  return url.replace(VOD_HOST, `${vodUrl}/$1`);
}

/**
 * Redirects the SDK's requests from Tencent to the local VOD. The SDK has no option for it, but sends all requests by
 * XMLHttpRequest. For development only: without this call the SDK uses Tencent's VOD.
 *
 * @param {string} vodUrl
 */
export function mapHosts(vodUrl) {
  const { open } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function (method, url, ...rest) {
    return open.call(this, method, localUrl(String(url), vodUrl), ...(rest.length > 0 ? rest : [true]));
  };
}
