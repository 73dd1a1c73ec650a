import { isWebhookSecret } from '../../lib/notifications/signature';
import { describe } from '../../lib/platform/log';
import type { KeyPair } from '../../lib/vod/schemas';
import type { Deployment } from '../deployment/deployment';
import { secretsOf } from '../deployment/secrets';
import { isBusy, isDenied } from '../refusals';
import type { Check, Findings } from './findings';

/** The secrets of a deployment; undefined for one that is not used or cannot be read. */
export interface Secrets {
  readonly vodKey: KeyPair | undefined;
  readonly vodApiKey: KeyPair | undefined;
  readonly tokens: readonly string[] | undefined;
  readonly signKeys: readonly string[] | undefined;
  readonly notifySecrets: readonly string[] | undefined;
  readonly playerKeys: readonly string[] | undefined;
  readonly urlKeys: readonly string[] | undefined;
}

const NO_SECRETS: Secrets = {
  vodKey: undefined,
  vodApiKey: undefined,
  tokens: undefined,
  signKeys: undefined,
  notifySecrets: undefined,
  playerKeys: undefined,
  urlKeys: undefined,
};

/** Advice for a secret that `secrets create` creates: if it is missing, and if it has a wrong value. */
const CREATE = ' (`npm run vod -- secrets create`)';
const STORE = ' (`npm run vod -- secrets create` keeps it: store a correct value, or delete the parameter first)';
/** Advice if one cannot be read; `secrets create` creates the others. */
const ADVICE: ReadonlyMap<Check, string> = new Map([
  ['vod-api-key-secret', ''],
  ['write-key-secret', ''],
  ['player-key-secret', " (VOD's console: 分发播放设置, 默认分发配置, 播放密钥)"],
  ['url-key-secret', " (VOD's console: 分发播放设置, 域名管理, 访问控制, Key 防盗链)"],
]);

export async function checkSecrets(deployment: Deployment, findings: Findings): Promise<Secrets> {
  const { parameters } = deployment;
  let secrets;
  try {
    secrets = await secretsOf(deployment);
  } catch (error) {
    const { cause, message } = error as Error;
    if (isBusy(cause)) findings.notChecked(['vod-key-secret'], message);
    // If AWS cannot be read at all, the stack is the finding.
    else if (!findings.isFault('stack') || isDenied(cause)) findings.fault('vod-key-secret', message);
    findings.notChecked(usedSecrets(deployment), 'requires readable secrets, see "vod-key-secret" or "stack"');
    return NO_SECRETS;
  }

  function read<T>(check: Check, name: string | undefined, parse: (name: string) => T): T | undefined {
    if (name === undefined) return undefined;
    try {
      const value = parse(name);
      findings.ok(check, name);
      return value;
    } catch (error) {
      const { reason } = describe(error);
      const advice = ADVICE.get(check) ?? (reason.includes('create the SSM parameter') ? CREATE : STORE);
      findings.fault(check, `${reason.replace('Cannot read secrets: ', '')}${advice}`);
      return undefined;
    }
  }
  const { parseSecretVersions } = secrets;
  const keyPair = (name: string) => visiblePair(name, secrets.keyPair(name));
  const versions = (name: string, form: RegExp, rule: string) => {
    const keys = parseSecretVersions(name);
    if (keys.every((key) => form.test(key))) return keys;
    throw new Error(`${name} must contain ${rule}`);
  };
  read('seal-key-secret', parameters.sealKey, parseSecretVersions);
  read('write-key-secret', parameters.writeKey, keyPair);
  return {
    vodKey: read('vod-key-secret', parameters.vodKey, keyPair),
    vodApiKey: read('vod-api-key-secret', parameters.vodApiKey, keyPair),
    tokens: read('callback-token-secret', parameters.callbackToken, parseSecretVersions),
    signKeys: read('sign-key-secret', parameters.callbackSignKey, (name) => {
      const rule = "at most 32 letters and digits, the format of VOD's SignKey";
      return versions(name, /^[A-Za-z0-9]{1,32}$/, rule);
    }),
    notifySecrets: read('notify-secret', parameters.notifySecret, (name) => {
      const webhookSecrets = parseSecretVersions(name);
      if (webhookSecrets.every(isWebhookSecret)) return webhookSecrets;
      throw new Error(`${name} must contain whsec_ and 24 to 64 bytes in Base64`);
    }),
    playerKeys: read('player-key-secret', parameters.playerKey, (name) => {
      return versions(name, /^[A-Za-z0-9]{8,20}$/, "8 to 20 letters and digits, the format of VOD's player keys");
    }),
    urlKeys: read('url-key-secret', parameters.urlKey, (name) => {
      return versions(name, /^[\x21-\x7e]{8,40}$/, "8 to 40 visible ASCII characters, the format of VOD's URL keys");
    }),
  };
}

/** @throws Error that names the parameter when a part of the pair has characters that no key has */
function visiblePair(name: string, pair: KeyPair): KeyPair {
  for (const part of ['secretId', 'secretKey'] as const) {
    if (/^[\x21-\x7e]+$/.test(pair[part])) continue;
    throw new Error(`the ${part} in ${name} has spaces, line breaks or invisible characters: store it without them`);
  }
  return pair;
}

function usedSecrets({ parameters }: Deployment): Check[] {
  const names = new Map<Check, string | undefined>([
    ['vod-key-secret', parameters.vodKey],
    ['vod-api-key-secret', parameters.vodApiKey],
    ['seal-key-secret', parameters.sealKey],
    ['callback-token-secret', parameters.callbackToken],
    ['sign-key-secret', parameters.callbackSignKey],
    ['notify-secret', parameters.notifySecret],
    ['player-key-secret', parameters.playerKey],
    ['url-key-secret', parameters.urlKey],
    ['write-key-secret', parameters.writeKey],
  ]);
  return [...names].flatMap(([check, name]) => (name === undefined ? [] : [check]));
}
