import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Call } from './http';

const REGIONS =
  'ap-bangkok ap-beijing ap-chengdu ap-chongqing ap-guangzhou ap-hongkong ap-jakarta ap-mumbai ap-nanjing ap-seoul ' +
  'ap-shanghai ap-singapore ap-tokyo eu-frankfurt na-ashburn na-siliconvalley sa-saopaulo';
/** Every host that this VOD answers as. */
export const HOSTS = [
  ...['localhost', 'vod2.qcloud.com', 'vod2.dnsv1.com', 'vodreport.qcloud.com'],
  ...['vod.tencentcloudapi.com', 'vod.intl.tencentcloudapi.com'],
  ...REGIONS.split(' ').flatMap((region) => [`*.cos.${region}.myqcloud.com`, `*.cos.${region}.tencentcos.cn`]),
];

export type Service = 'upload' | 'report' | 'storage' | 'api';

/** The service behind a host name. */
export function serviceOf(host: string): Service | undefined {
  if (host === 'vod2.qcloud.com' || host === 'vod2.dnsv1.com') return 'upload';
  if (host === 'vodreport.qcloud.com') return 'report';
  if (/\.cos\.[a-z0-9-]+\.(?:myqcloud\.com|tencentcos\.cn)$/.test(host)) return 'storage';
  return /^vod\.(?:[a-z0-9-]+\.)?tencentcloudapi\.com$/.test(host) ? 'api' : undefined;
}

/** Which service a request is for: the Host header says it, or else the first path segment, which is then taken off. */
export function address(request: IncomingMessage, response: ServerResponse): Call {
  const target = request.url ?? '/';
  const [path = '/'] = target.split('?');
  const query = new URLSearchParams(target.slice(path.length));
  const host = (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
  const [, first = ''] = path.split('/');
  const byPath = serviceOf(host) === undefined && serviceOf(first.toLowerCase()) !== undefined;
  return {
    request,
    response,
    method: request.method ?? 'GET',
    host: byPath ? first.toLowerCase() : host,
    path: byPath ? path.slice(first.length + 1) || '/' : path,
    query,
  };
}
