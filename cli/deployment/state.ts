import { createHash } from 'node:crypto';
import { GetParametersCommand, PutParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { parseJson } from '../../lib/platform/json';
import { splitToken } from '../callback/url';
import { explainAws } from '../refusals';

/**
 * The last registration. VOD never reports its SignKey, so only this record tells whether VOD has the deployment's SignKey.
 * Stored next to the secrets, as a parameter of type String: nothing in it is secret.
 */
export interface Registered {
  readonly mode: 'PUSH' | 'PULL';
  /** Without the token. */
  readonly url: string;
  readonly tokenFingerprint?: string;
  readonly signKeyFingerprint?: string;
  /** ISO 8601, or the program that registered. */
  readonly at: string;
}

/** The state of each secret's rotation; absent: no rotation is in progress. */
export type Rotations = Readonly<Record<string, Rotation | undefined>>;

export interface Rotation {
  /** The last step that is complete; absent while the first one has only begun. */
  readonly step?: 'add' | 'use';
  /** When it was completed, in milliseconds since 1970. */
  readonly at?: number;
  /** Written before the secret is stored, so that a retry after a failure can tell whether it was. */
  readonly begun?: {
    readonly step: 'add' | 'use' | 'drop';
    readonly at: number;
    /** Fingerprints of the values that the secret has from then on. */
    readonly to: readonly string[];
  };
}

/** The functions cache a secret for five minutes (lib/platform/secrets.ts); one more for requests in progress. In milliseconds. */
export const CACHED_BY_FUNCTIONS = 6 * 60_000;

/** Identifies a secret without revealing it: 32 bits of a long random text. */
export function fingerprint(secret: string): string {
  return `sha256:${createHash('sha256').update(secret).digest('hex').slice(0, 8)}`;
}

/** Returns the record of a registration; it contains no secret. */
export function registration(
  mode: Registered['mode'],
  urlWithToken: string,
  signKey: string | undefined,
  at: string,
): Registered {
  const { url, token } = splitToken(urlWithToken);
  return {
    mode,
    url,
    ...(token !== null && { tokenFingerprint: fingerprint(token) }),
    ...(signKey !== undefined && { signKeyFingerprint: fingerprint(signKey) }),
    at,
  };
}

/** Reads what {@link saveState} wrote. @throws Error when the parameter cannot be read, or has other content */
export async function loadState<T extends Registered | Rotations>(
  ssm: SSMClient,
  name: string,
): Promise<T | undefined> {
  const { Parameters: [parameter] = [] } = await ssm
    .send(new GetParametersCommand({ Names: [name], WithDecryption: true }))
    .catch((error: unknown) => {
      const reason = explainAws(error, { action: 'ssm:GetParameters', resource: name });
      throw new Error(`Cannot read ${name}: ${reason}`, { cause: error });
    });
  if (parameter?.Value === undefined) return undefined;
  const value = parseJson(Buffer.from(parameter.Value));
  if (typeof value !== 'object' || value === null) {
    throw new Error(
      `Cannot read ${name}: it does not contain the JSON that this command stores: delete the parameter and run the command again`,
    );
  }
  return value as T; // only this command writes it
}

/** @throws Error that contains what to do */
export async function saveState(ssm: SSMClient, name: string, value: Registered | Rotations): Promise<void> {
  const parameter = { Name: name, Value: JSON.stringify(value), Type: 'String', Overwrite: true } as const;
  try {
    await ssm.send(new PutParameterCommand(parameter));
  } catch (error) {
    const reason = explainAws(error, { action: 'ssm:PutParameter', resource: name });
    throw new Error(`Cannot store ${name}: ${reason}`, { cause: error });
  }
}
