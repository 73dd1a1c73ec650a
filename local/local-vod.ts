import { join } from 'node:path';
import { callbackUrl, type LocalFeatures } from './deployment';
import type { PublicAddress } from './network/callers';
import { addressesOf } from './network/public-address';
import type { Secrets } from './secrets';
import { vodStartError } from './server';
import { startVod, type Vod } from './vod/server';

interface LocalVodOptions {
  /** Of the run. */
  readonly options: {
    readonly vodPort: number;
    readonly dataDir: string;
    readonly features?: LocalFeatures;
    readonly confirmWithinMs?: number;
  };
  readonly publicAddress: PublicAddress | undefined;
  readonly secrets: Secrets;
  /** Of the functions' routes. */
  readonly url: string;
  /** No event is sent before this resolves. */
  readonly callableOnce: Promise<unknown>;
  readonly log: (line: string) => void;
}

/** Starts the local VOD of a run. @throws StartupError with a message for the user */
export async function startLocalVod(localVodOptions: LocalVodOptions): Promise<Vod> {
  const { options, publicAddress, secrets, url, callableOnce, log } = localVodOptions;
  const { confirmWithinMs, dataDir, features, vodPort } = options;
  const { vodSecretId, vodSecretKey, callbackSignKey, playerKey, urlKey } = secrets;
  const [signKey = ''] = callbackSignKey.split(',');
  try {
    return await startVod({
      port: vodPort,
      addresses: addressesOf(publicAddress),
      ...(publicAddress && !publicAddress.isWildcard && { mediaHost: publicAddress.name }),
      dataDir: join(dataDir, 'vod'),
      secretId: vodSecretId,
      secretKey: vodSecretKey,
      signKey: signKey.trim(),
      callbackUrl: callbackUrl(url, secrets),
      ...(features?.playback !== false && { playerKey, urlKey }),
      ...(confirmWithinMs !== undefined && { confirmWithinMs }),
      callableOnce,
      log,
    });
  } catch (error) {
    throw vodStartError(error, vodPort, 'VOD_PORT');
  }
}
