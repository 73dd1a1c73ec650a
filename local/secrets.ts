import { generateKeyPair, randomBytes, randomInt } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeFolder } from './make-folder';
import { StartupError } from './startup-error';

/** Secrets from the environment, which win over those that are kept. */
export interface GivenSecrets {
  readonly vodSecretId?: string | undefined;
  readonly vodSecretKey?: string | undefined;
  /** '' together with a sign key: the webhook requires the sign alone. */
  readonly callbackToken?: string | undefined;
  readonly callbackSignKey?: string | undefined;
  readonly notifySecret?: string | undefined;
}

interface StoredSecrets {
  readonly vodSecretId: string;
  readonly vodSecretKey: string;
  readonly callbackToken: string;
  readonly sealKey: string;
  /** Signs the webhooks to the app: `whsec_` and Base64. */
  readonly notifySecret: string;
  /** Signs for the vendor's players (播放密钥). */
  readonly playerKey: string;
  /** Signs media URLs (Key 防盗链). */
  readonly urlKey: string;
  /** The issuer's RSA key, PKCS #8 in PEM. */
  readonly issuerKey: string;
}

export interface Secrets extends StoredSecrets {
  /** '' = none. */
  readonly callbackSignKey: string;
}

/**
 * The secrets of the local run. What is not given is made once and kept in `secrets.json`, which only its owner can read;
 * what is given is not written down.
 *
 * @throws StartupError when `secrets.json` is not readable as what this function wrote
 */
export async function loadSecrets(dataDir: string, values: GivenSecrets = {}): Promise<Secrets> {
  const file = join(dataDir, 'secrets.json');
  const content = await read(file);
  const stored: StoredSecrets = {
    vodSecretId: content.vodSecretId ?? `AKID${letters(32)}`, // a Tencent key pair looks like this
    vodSecretKey: content.vodSecretKey ?? letters(32),
    callbackToken: content.callbackToken ?? randomBytes(24).toString('base64url'),
    sealKey: content.sealKey ?? randomBytes(32).toString('base64url'),
    notifySecret: content.notifySecret ?? `whsec_${randomBytes(32).toString('base64')}`,
    playerKey: content.playerKey ?? letters(20),
    urlKey: content.urlKey ?? letters(20),
    issuerKey: content.issuerKey ?? (await rsaKey()),
  };
  if (JSON.stringify(stored) !== JSON.stringify(content)) await write(dataDir, file, stored);
  const callbackSignKey = values.callbackSignKey ?? '';
  const signOnly = values.callbackToken === '' && callbackSignKey !== '';
  return {
    ...stored,
    vodSecretId: valueOrStored(values.vodSecretId, stored.vodSecretId),
    vodSecretKey: valueOrStored(values.vodSecretKey, stored.vodSecretKey),
    callbackToken: signOnly ? '' : valueOrStored(values.callbackToken, stored.callbackToken),
    callbackSignKey,
    notifySecret: valueOrStored(values.notifySecret, stored.notifySecret),
  };
}

function valueOrStored(value: string | undefined, stored: string): string {
  return value === undefined || value === '' ? stored : value;
}

async function read(file: string): Promise<Partial<StoredSecrets>> {
  try {
    // Whatever is in it, this function's caller wrote it.
    return JSON.parse(await readFile(file, 'utf8')) as Partial<StoredSecrets>;
  } catch (error) {
    if (error instanceof SyntaxError) throw new StartupError(`${file} is damaged: delete it to generate new secrets`);
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

/** Renamed into place, so that a run that is interrupted leaves no half of it. */
async function write(dataDir: string, file: string, secrets: StoredSecrets): Promise<void> {
  try {
    makeFolder(dataDir);
  } catch (error) {
    throw new StartupError(`DATA_DIR must be a folder that can be written: ${String(error)}`);
  }
  // The bundles in it are CommonJS, whatever `type` the package.json of a surrounding project has.
  await writeFile(join(dataDir, 'package.json'), '{ "type": "commonjs" }\n');
  await writeFile(`${file}.new`, JSON.stringify(secrets, undefined, 2), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

async function rsaKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

function letters(count: number): string {
  return Array.from({ length: count }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('');
}
