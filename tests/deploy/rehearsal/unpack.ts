import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { tableOf } from '../../../local/config';
import type { ParameterStore } from '../../../local/services/parameter-store';
import type { Queues } from '../../../local/services/queue';
import type { Table } from '../../../local/services/table';
import type { AppServer } from '../../support/app-server';
import type { TestRun } from '../../support/local';
import type { Template } from '../../support/deploy/packaged';
import type { Unpacked } from './instance';

export interface PackageFolder {
  /** Has a `.serverless` folder with the zips. */
  readonly directory: string;
  readonly template: Template;
}

interface Declared {
  readonly FunctionName: string;
  readonly Handler: string;
  readonly Timeout: number;
  readonly Environment: { readonly Variables: Readonly<Record<string, string | { readonly Ref: string }>> };
}

/** The services of the unpacked functions: their own table, parameter store, queues and app, and a local run's VOD. */
export interface Services {
  readonly local: TestRun;
  readonly store: ParameterStore;
  readonly table: Table;
  readonly queues: Queues;
  readonly app: AppServer;
}

/** The signing function of a deploy with UPLOADS_PER_DAY. */
export const WITH_QUOTA = 'uploadSignatureWithQuota';

/** Unpacks the zips, and stores the parameters that their environments name. */
export async function unpack(folders: readonly PackageFolder[], scratch: string, python: string, services: Services) {
  const { local, store, queues, app } = services;
  const { vodSecretId: secretId, vodSecretKey: secretKey, ...others } = local.secrets;
  const keyPair = JSON.stringify({ secretId, secretKey });
  const secrets = {
    VOD_KEY_PARAMETER: keyPair,
    VOD_API_KEY_PARAMETER: keyPair,
    VOD_WRITE_KEY_PARAMETER: keyPair,
    SEAL_KEY_PARAMETER: others.sealKey,
    CALLBACK_TOKEN_PARAMETER: others.callbackToken,
    NOTIFY_SECRET_PARAMETER: others.notifySecret,
    PLAYER_KEY_PARAMETER: others.playerKey,
    URL_KEY_PARAMETER: others.urlKey,
  };
  const tableName = tableOf(local.config).TableName ?? '';
  const functions = new Map<string, Unpacked>();
  for (const { directory, template } of folders) {
    for (const { Type: type, Properties: properties } of Object.values(template.Resources)) {
      if (type === 'AWS::SSM::Parameter') store.parameters.set(String(properties['Name']), String(properties['Value']));
      if (type !== 'AWS::Lambda::Function') continue;
      const declared = properties as unknown as Declared;
      const zip = declared.FunctionName.replace(/.*-/, '');
      const name = declared.Handler.includes('-with-quota') ? WITH_QUOTA : zip;
      if (functions.has(name)) continue;
      const folder = join(scratch, name);
      await promisify(execFile)(python, ['-m', 'zipfile', '-e', join(directory, `.serverless/${zip}.zip`), folder]);
      const env: Record<string, string> = {};
      for (const [variable, value] of Object.entries(declared.Environment.Variables)) {
        env[variable] = typeof value === 'string' ? value : queues.queueUrl(value.Ref);
      }
      for (const [variable, value] of Object.entries(secrets)) {
        if (env[variable]) store.parameters.set(env[variable], value);
      }
      if (env['VOD_API_URL']) env['VOD_API_URL'] = local.vod.url;
      if (env['NOTIFY_URL']) env['NOTIFY_URL'] = app.url;
      if (env['TABLE_NAME']) env['TABLE_NAME'] = tableName;
      functions.set(name, { folder, handler: declared.Handler, env, milliseconds: declared.Timeout * 1000 });
    }
  }
  return functions;
}
