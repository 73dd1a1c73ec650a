import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Call } from './http';

const REGIONS = [
  'ap-bangkok',
  'ap-beijing',
  'ap-chengdu',
  'ap-chongqing',
  'ap-guangzhou',
  'ap-hongkong',
  'ap-jakarta',
  'ap-mumbai',
  'ap-nanjing',
  'ap-seoul',
  'ap-shanghai',
  'ap-singapore',
  'ap-tokyo',
  'eu-frankfurt',
  'na-ashburn',
  'na-siliconvalley',
  'sa-saopaulo',
];

/** Every host of the real VOD that the certificate names. */
export const HOSTS: readonly string[] = [
  'localhost',
  'vod2.qcloud.com',
  'vod2.dnsv1.com',
  'vodreport.qcloud.com',
  'playvideo.qcloud.com',
  'vod.tencentcloudapi.com',
  'vod.intl.tencentcloudapi.com',
  ...REGIONS.flatMap((region) => [`*.cos.${region}.myqcloud.com`, `*.cos.${region}.tencentcos.cn`]),
];

export type Service = 'upload' | 'report' | 'storage' | 'playback' | 'api';

/** Returns the service of a host name, or undefined if it is none of VOD's hosts. */
export function serviceOf(host: string): Service | undefined {
  if (host === 'vod2.qcloud.com' || host === 'vod2.dnsv1.com') return 'upload';
  if (host === 'vodreport.qcloud.com') return 'report';
  if (host === 'playvideo.qcloud.com') return 'playback';
  if (/\.cos\.[a-z0-9-]+\.(?:myqcloud\.com|tencentcos\.cn)$/.test(host)) return 'storage';
  return /^vod\.(?:[a-z0-9-]+\.)?tencentcloudapi\.com$/.test(host) ? 'api' : undefined;
}

/**
 * Finds the host that a request is meant for: the storage host in the header Vod-Forward-Cos, which the mini program SDK
 * sends to vod2.qcloud.com, else the Host header if it names a service, else the first path segment, which is removed.
 */
export function parseCall(request: IncomingMessage, response: ServerResponse): Call {
  const target = request.url ?? '/';
  const [path = '/'] = target.split('?');
  const query = new URLSearchParams(target.slice(path.length));
  const host = withoutPort(request.headers.host);
  const forwardHost = withoutPort(request.headers['vod-forward-cos']?.toString());
  const [, first = ''] = path.split('/');
  const isByPath = serviceOf(host) === undefined && serviceOf(first.toLowerCase()) !== undefined;
  const serviceHost = isByPath ? first.toLowerCase() : host;
  return {
    request,
    response,
    method: request.method ?? 'GET',
    host: serviceOf(forwardHost) === 'storage' ? forwardHost : serviceHost,
    path: isByPath ? path.slice(first.length + 1) || '/' : path,
    query,
  };
}

function withoutPort(host: string | undefined): string {
  return (host ?? '').replace(/:\d+$/, '').toLowerCase();
}
