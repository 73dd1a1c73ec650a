import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from './journal';

const DAY = 24 * 60 * 60 * 1000;

// Encoded object identifiers (X.690), named as in RFC 5280 and RFC 5758.
const COMMON_NAME = Buffer.from('0603550403', 'hex');
const SUBJECT_ALT_NAME = Buffer.from('0603551d11', 'hex');
const BASIC_CONSTRAINTS = Buffer.from('0603551d13', 'hex');
const ECDSA_WITH_SHA256 = Buffer.from('06082a8648ce3d040302', 'hex');

/** Returns the key and certificate of the directory; creates them if they are missing, expired or for other hosts. */
export function certificateFor(
  directory: string,
  hosts: readonly string[],
  now: number,
): { key: string; cert: string } {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, 'certificate.json');
  const hostList = hosts.join(' ');
  if (existsSync(file)) {
    const stored = JSON.parse(readFileSync(file, 'utf8')) as {
      hosts: string;
      key: string;
      cert: string;
      until: number;
    };
    if (stored.hosts === hostList && stored.until > now + DAY) return stored;
  }
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  // Browsers refuse server certificates that are valid for longer than 825 days.
  const until = now + 800 * DAY;
  const created = {
    hosts: hostList,
    until,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: selfSigned(privateKey, publicKey, hosts, new Date(now - DAY), new Date(until)),
  };
  replaceFile(file, JSON.stringify(created), 0o600);
  return created;
}

/** RFC 5280, section 4.1. Written in DER here because the libraries depend on twenty packages each. */
function selfSigned(key: KeyObject, publicKey: KeyObject, hosts: readonly string[], from: Date, until: Date): string {
  const algorithm = der(0x30, ECDSA_WITH_SHA256);
  const name = der(0x30, der(0x31, der(0x30, COMMON_NAME, der(0x0c, Buffer.from('local VOD')))));
  const alternatives = der(0x30, ...hosts.map((host) => der(0x82, Buffer.from(host))));
  const extensions = der(
    0x30,
    // Not a CA: a client that trusts this certificate trusts these names only.
    der(0x30, BASIC_CONSTRAINTS, der(0x01, Buffer.from([0xff])), der(0x04, der(0x30))),
    der(0x30, SUBJECT_ALT_NAME, der(0x04, alternatives)),
  );
  const body = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm,
    name,
    der(0x30, time(from), time(until)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, extensions),
  );
  const signature = der(0x03, Buffer.from([0]), sign('sha256', body, key));
  const lines =
    der(0x30, body, algorithm, signature)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

function der(tag: number, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const digits = body.length.toString(16);
  const length = Buffer.from(digits.length % 2 ? `0${digits}` : digits, 'hex');
  const head = body.length < 0x80 ? [tag, body.length] : [tag, 0x80 | length.length, ...length];
  return Buffer.concat([Buffer.from(head), body]);
}

function time(date: Date): Buffer {
  return der(0x17, Buffer.from(`${date.toISOString().slice(2, 19).replace(/[-:T]/g, '')}Z`));
}
