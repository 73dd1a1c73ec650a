import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fromIni, fromNodeProviderChain } from '@aws-sdk/credential-providers';
import type { NodeHttpHandler } from '@smithy/node-http-handler';
import type { CommandContext } from '../command-line/context';

type Provider = ReturnType<typeof fromIni>;

export interface CredentialsOptions {
  readonly stage: string;
  /** `--aws-profile` */
  readonly profile: string | undefined;
  /** For the calls of STS and SSO that credentials may need. */
  readonly requestHandler: NodeHttpHandler;
  readonly promptSecrets: CommandContext['promptSecrets'];
}

/**
 * AWS credentials from the first source that is set, in the order of the deploy (osls, lib/aws/credentials.js): the profile of
 * the command line, AWS_<STAGE>_PROFILE, AWS_<STAGE>_ACCESS_KEY_ID with its secret, AWS_PROFILE, AWS_ACCESS_KEY_ID with its
 * secret, AWS_DEFAULT_PROFILE, the profile `default`, and then the SDK's other sources (containers, instances).
 */
export function credentialsOf({ stage, profile, requestHandler, promptSecrets }: CredentialsOptions): Provider {
  const clientConfig = { requestHandler };
  const ofStage = `AWS_${stage.toUpperCase()}`;
  const { AWS_PROFILE: own, AWS_DEFAULT_PROFILE: fallback } = process.env;
  const ofProfile = (name: string) =>
    fromIni({
      profile: name,
      filepath: credentialsFile(),
      configFilepath: configFile(),
      clientConfig,
      mfaCodeProvider: async (device) => (await promptSecrets([`MFA code of ${device}`]))[0] ?? '',
    });

  const chosen = [profile, process.env[`${ofStage}_PROFILE`]].find((name) => name);
  if (chosen !== undefined) return ofProfile(chosen);
  if (hasKeys(ofStage)) return fromKeys(ofStage);
  if (own) return ofProfile(own);
  if (hasKeys('AWS')) return fromKeys('AWS');
  if (fallback && hasProfile(fallback)) return ofProfile(fallback);

  const chain = fromNodeProviderChain({ clientConfig });
  if (fallback) return chain;
  const ofDefault = ofProfile('default');
  return async (options) => {
    try {
      return await ofDefault(options);
    } catch (error) {
      if (hasProfile('default')) throw error;
      return chain(options);
    }
  };
}

function hasKeys(prefix: string): boolean {
  return Boolean(process.env[`${prefix}_ACCESS_KEY_ID`] && process.env[`${prefix}_SECRET_ACCESS_KEY`]);
}

/** Keys in environment variables. */
function fromKeys(prefix: string): Provider {
  const variable = (name: string) => process.env[`${prefix}_${name}`] ?? '';
  const sessionToken = variable('SESSION_TOKEN');
  return () =>
    Promise.resolve({
      accessKeyId: variable('ACCESS_KEY_ID'),
      secretAccessKey: variable('SECRET_ACCESS_KEY'),
      ...(sessionToken !== '' && { sessionToken }),
    });
}

/** Whether AWS's files have a section for the profile. */
function hasProfile(name: string): boolean {
  const sections = [credentialsFile(), configFile()].flatMap((file) => {
    try {
      return [...readFileSync(file, 'utf8').matchAll(/^\s*\[\s*(?:profile\s+)?(["']?)(.+?)\1\s*\]/gm)];
    } catch {
      return [];
    }
  });
  return sections.some(([, , section]) => section === name);
}

function credentialsFile(): string {
  return awsFile('AWS_SHARED_CREDENTIALS_FILE', 'credentials');
}

function configFile(): string {
  return awsFile('AWS_CONFIG_FILE', 'config');
}

function awsFile(variable: string, name: string): string {
  const { [variable]: value = '' } = process.env;
  if (value === '') return join(homedir(), '.aws', name);
  return value.startsWith('~/') ? join(homedir(), value.slice(2)) : value;
}
