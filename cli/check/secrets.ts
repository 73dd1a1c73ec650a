import { parseWebhookSecret } from '../../lib/notifications/signature';
import { describe } from '../../lib/platform/log';
import type { KeyPair } from '../../lib/vod/schemas';
import type { Deployment } from '../deployment/deployment';
import { secretsOf } from '../deployment/secrets';
import type { Check, Findings } from './findings';

/** The secrets of a deployment, as far as they can be read. */
export interface Secrets {
  readonly vodKey: KeyPair | undefined;
  readonly vodApiKey: KeyPair | undefined;
  readonly tokens: readonly string[] | undefined;
  readonly signKeys: readonly string[] | undefined;
  readonly notifySecrets: readonly string[] | undefined;
}

const NO_SECRETS: Secrets = {
  vodKey: undefined,
  vodApiKey: undefined,
  tokens: undefined,
  signKeys: undefined,
  notifySecrets: undefined,
};

export async function checkSecrets(deployment: Deployment, findings: Findings): Promise<Secrets> {
  const { parameters } = deployment;
  let secrets;
  try {
    secrets = await secretsOf(deployment);
  } catch (error) {
    // Without AWS credentials the stack cannot be read either, which is a finding already.
    if (!findings.isFault('stack')) {
      findings.fault('vod-key-secret', `${describe(error).reason}: allow ssm:GetParameters`);
    }
    findings.notChecked(usedSecrets(deployment), 'SSM does not answer');
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
      const advice = check === 'vod-api-key-secret' ? '' : ' (`npm run vod -- secrets create`)';
      findings.fault(check, `${reason.replace('Cannot read secrets: ', '')}${advice}`);
      return undefined;
    }
  }
  const { keyPair, parseSecretVersions } = secrets;
  read('seal-key-secret', parameters.sealKey, parseSecretVersions);
  return {
    vodKey: read('vod-key-secret', parameters.vodKey, keyPair),
    vodApiKey: read('vod-api-key-secret', parameters.vodApiKey, keyPair),
    tokens: read('callback-token-secret', parameters.callbackToken, parseSecretVersions),
    signKeys: read('sign-key-secret', parameters.callbackSignKey, (name) => {
      const keys = parseSecretVersions(name);
      if (keys.every((key) => /^[A-Za-z0-9]{1,32}$/.test(key))) return keys;
      throw new Error(`${name} must contain at most 32 letters and digits: VOD accepts no other SignKey`);
    }),
    notifySecrets: read('notify-secret', parameters.notifySecret, (name) => {
      const versions = parseSecretVersions(name);
      if (versions.every(isWebhookSecret)) return versions;
      throw new Error(`${name} must contain whsec_ and 24 to 64 bytes in Base64: delete it and make a new one`);
    }),
  };
}

function isWebhookSecret(secret: string): boolean {
  try {
    parseWebhookSecret(secret);
    return true;
  } catch {
    return false;
  }
}

function usedSecrets({ parameters }: Deployment): Check[] {
  const names = new Map<Check, string | undefined>([
    ['vod-key-secret', parameters.vodKey],
    ['vod-api-key-secret', parameters.vodApiKey],
    ['seal-key-secret', parameters.sealKey],
    ['callback-token-secret', parameters.callbackToken],
    ['sign-key-secret', parameters.callbackSignKey],
    ['notify-secret', parameters.notifySecret],
  ]);
  return [...names].flatMap(([check, name]) => (name === undefined ? [] : [check]));
}
