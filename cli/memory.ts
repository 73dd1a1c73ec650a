import { createHash } from 'node:crypto';
import { GetParametersCommand, PutParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { parseJson } from '../lib/platform/json';

/**
 * What `register` gave VOD last. VOD never says which SignKey it has, so without this nobody could tell whether it is
 * ours. Kept beside the secrets, as a parameter of type String: there is nothing secret in it.
 */
export interface Registered {
  readonly mode: 'PUSH' | 'PULL';
  /** Without the token. */
  readonly url: string;
  readonly tokenFingerprint?: string;
  readonly signKeyFingerprint?: string;
  /** ISO 8601, or who did it. */
  readonly at: string;
}

/** How far the rotation of each secret has come; none: none is under way. */
export type Rotations = Readonly<Record<string, Rotation | undefined>>;

export interface Rotation {
  /** The last one that is done; none while the first one is only begun. */
  readonly step?: 'add' | 'use';
  /** When it was done, in milliseconds since 1970. */
  readonly at?: number;
  /** Written down before the secret is stored, so that whoever comes back after a failure knows whether it was. */
  readonly begun?: {
    readonly step: 'add' | 'use' | 'drop';
    readonly at: number;
    /** Fingerprints of the values that the secret has from then on. */
    readonly to: readonly string[];
  };
}

/** The functions keep a secret for five minutes (lib/secrets.ts); one more for requests under way. In milliseconds. */
export const KEPT_BY_FUNCTIONS = 6 * 60_000;

/** Tells secrets apart without telling them: 32 bits of a long random text. */
export function fingerprint(secret: string): string {
  return `sha256:${createHash('sha256').update(secret).digest('hex').slice(0, 8)}`;
}

/** @throws Error when what is there is not what this command wrote */
export async function recall<T extends Registered | Rotations>(ssm: SSMClient, name: string): Promise<T | undefined> {
  const { Parameters: [parameter] = [] } = await ssm.send(
    new GetParametersCommand({ Names: [name], WithDecryption: true }),
  );
  if (parameter?.Value === undefined) return undefined;
  const value = parseJson(Buffer.from(parameter.Value));
  if (typeof value !== 'object' || value === null) {
    throw new Error(`Cannot read ${name}: it is not what this command wrote; delete it and register again`);
  }
  return value as T; // only this command writes it
}

export async function remember(ssm: SSMClient, name: string, value: Registered | Rotations): Promise<void> {
  const parameter = { Name: name, Value: JSON.stringify(value), Type: 'String', Overwrite: true } as const;
  await ssm.send(new PutParameterCommand(parameter));
}
