import { randomInt } from 'node:crypto';
import { signerConfig } from '../../lib/signing/config';
import { signUpload } from '../../lib/signing/issue';
import { startStore } from './backend';
import { signRequest, context } from './lambda';

/** When tests sign, in milliseconds since 1970. */
export const NOW = 1_795_350_000_000;
export const SIGNING_KEY = 'a-secret-key-of-tencent-cloud';

export const environment = {
  VOD_KEY_PARAMETER: '/vod/key',
  SEAL_KEY_PARAMETER: '/vod/seal',
  VOD_SUB_APP_ID: '1500000001',
  ONE_TIME_VALID: 'false',
  ONE_TIME_VALID_FIXED: 'false',
  VALID_FOR: '1800',
  VALID_FOR_MAX: '86400',
  PROCEDURES: 'LongVideoPreset, FailingPreset',
  DEFAULT_PROCEDURE: '',
  CLASS_IDS: '',
  STORAGE_REGIONS: '',
  SIGN_RATE_PER_MINUTE: '',
  SIGN_RATE_BURST: '12',
};

/** The signing function with a real parameter store, a clock that can be set and a log that can be read. */
export async function startSigning() {
  const store = await startStore({});
  const clock = { now: NOW };
  const lines: Record<string, unknown>[] = [];
  let reads = 0;

  function signer(env: Record<string, string> = {}, random = () => randomInt(2 ** 32)) {
    return signUpload({
      config: signerConfig({ ...environment, ...env }),
      getParameters: (names) => {
        reads++;
        return store.getParameters(names);
      },
      now: () => clock.now,
      random,
      log: (fields) => lines.push({ ...fields }),
    });
  }

  return {
    clock,
    lines,
    parameters: store.parameters,
    /** How often secrets were read, by all signers. */
    secretReads: () => reads,
    signer,
    call: (...request: Parameters<typeof signRequest>) => signer()(signRequest(...request), context()),
    /** To be called before each test. */
    reset: () => {
      clock.now = NOW;
      lines.length = 0;
      store.parameters.clear();
      store.parameters.set('/vod/key', JSON.stringify({ secretId: 'AKIDexample', secretKey: SIGNING_KEY }));
      store.parameters.set('/vod/seal', 'seal-new, seal-old');
    },
    stop: store.close,
  };
}

export type Signing = Awaited<ReturnType<typeof startSigning>>;
