import { mapHosts as mapHostsOfPage } from '../../local/page/map-hosts.js';

/**
 * For development in a browser: redirects the requests of `vod-js-sdk-v6` from Tencent's hosts to the local VOD. Call it before
 * the first upload, and never in production.
 *
 * @param vodUrl such as `http://localhost:3443`; `npm start` prints it as `vod`
 */
export function mapHosts(vodUrl: string): void {
  mapHostsOfPage(vodUrl);
}
