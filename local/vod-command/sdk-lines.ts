/** The configuration that points one of the vendor's SDKs at the local VOD. */
export interface SdkLine {
  readonly sdk: string;
  readonly line: string;
}

/** The hosts of the Web SDK that are not storage hosts. */
const UPLOAD_HOSTS = ['vod2.qcloud.com', 'vod2.dnsv1.com', 'vodreport.qcloud.com'];

/**
 * One line for each SDK.
 *
 * @param url of the local VOD, such as http://localhost:3443
 */
export function sdkLines(url: string): readonly SdkLine[] {
  const { host } = new URL(url);
  return [
    { sdk: 'Web', line: `<script src="${url}/map-hosts.js"></script> in the page, before the first upload` },
    { sdk: 'Web, Chromium', line: `--ignore-certificate-errors --host-resolver-rules="${hostRules(host)}"` },
    { sdk: 'Mini program', line: miniProgramLine(url) },
    { sdk: 'Node.js', line: `profile: { httpProfile: { protocol: 'http://', endpoint: '${host}' } }` },
    { sdk: 'Python', line: `HttpProfile(protocol="http", endpoint="${host}")` },
    { sdk: 'Java', line: `httpProfile.setProtocol("http://"); httpProfile.setEndpoint("${host}");` },
    { sdk: 'Go', line: `cpf.HttpProfile.Scheme = "HTTP"; cpf.HttpProfile.Endpoint = "${host}"` },
    { sdk: 'PHP', line: `$httpProfile->setProtocol("http://"); $httpProfile->setEndpoint("${host}");` },
    { sdk: '.NET', line: `new HttpProfile { Protocol = "http://", Endpoint = "${host}" }` },
    {
      sdk: 'Android, iOS',
      line: 'not configurable: map vod2.qcloud.com and *.myqcloud.com by DNS, and trust the certificate',
    },
  ];
}

/** Maps both ports of the storage: on an http page the SDK calls it over http. */
function hostRules(host: string): string {
  const rules = [...UPLOAD_HOSTS, '*.myqcloud.com'].map((name) => `MAP ${name}:443 ${host}`);
  return [...rules, `MAP *.myqcloud.com:80 ${host}`].join(', ');
}

/** Replaces wx.request, since the SDK has its hosts built in. */
function miniProgramLine(url: string): string {
  const mapped = `o.url.replace(/^https:\\/\\/(?=(vod2|vodreport)\\.qcloud\\.com)/, '${url}/')`;
  const value = `((send) => (o) => send({ ...o, url: ${mapped} }))(wx.request)`;
  return `Object.defineProperty(wx, 'request', { value: ${value} });`;
}
