import { join } from 'node:path';
import type { PublicAddress } from '../network/callers';
import { bracketed } from '../network/open-port';
import { describeConfig, type EventConfig } from '../vod/event-config';
import { APP_ID } from '../vod/state';
import type { KeyPair } from './key-pair';
import { sdkLines } from './sdk-lines';

/** The values that the banner shows. */
export interface BannerOptions {
  readonly keyPair: KeyPair;
  /** The URL of the local VOD. */
  readonly url: string;
  readonly port: number;
  readonly config: EventConfig;
  /** The format of callbacks: 3.0, 2.0 or both. */
  readonly format: string;
  readonly subAppIds: readonly number[] | undefined;
  readonly procedures: readonly string[];
  readonly dataDir: string;
  readonly publicAddress: PublicAddress | undefined;
}

const COLUMN = 16;

/** The lines that are printed at the start; the last one begins with `ready`. */
export function banner(options: BannerOptions): string[] {
  const { keyPair, url, dataDir, publicAddress } = options;
  const line = (name: string, text: string) => `${name.padEnd(COLUMN)}${text}`;
  return [
    line('SecretId', keyPair.secretId),
    line('SecretKey', keyPair.secretKey),
    line('AppId', `${APP_ID}, ${applications(options.subAppIds)}`),
    line('callbacks', callbacks(options)),
    line('procedures', options.procedures.join(', ')),
    line('server API', `${url}, as vod.tencentcloudapi.com`),
    line('upload service', `${url}/vod2.qcloud.com/v3/index.php?Action=..., as https://vod2.qcloud.com`),
    line('media', `${url}/media/...`),
    line('state', `POST ${url}/local/seed and ${url}/local/reset`),
    line('faults', `PUT ${url}/local/faults, such as {"drop":0.3}`),
    line('data', `${dataDir}, certificate ${join(dataDir, 'certificate.pem')}`),
    '',
    ...sdkLines(url).map(({ sdk, line: text }) => line(sdk, text)),
    '',
    ...(publicAddress ? [line('warning', warning(publicAddress, options.port))] : []),
    line('ready', 'Ctrl-C ends it'),
  ];
}

function applications(subAppIds: readonly number[] | undefined): string {
  if (!subAppIds) return 'vodSubAppId and SubAppId may have any value, or be absent';
  return `each server API call must have a SubAppId of: ${subAppIds.join(', ')}`;
}

function callbacks({ config, format }: BannerOptions): string {
  const sign = config.signKey === '' ? 'without Sign' : 'with Sign and T';
  return config.mode === 'PUSH' && config.url !== ''
    ? `${describeConfig(config)}, format ${format}, ${sign}`
    : describeConfig(config);
}

/** The warning that --host opens the local VOD to the network. */
function warning({ name, isWildcard }: PublicAddress, port: number): string {
  const where = `http://${bracketed(isWildcard ? 'this machine' : name)}:${port}`;
  return `--host opens ${where} to your network: anyone on it can see all files, and upload with a signature`;
}
