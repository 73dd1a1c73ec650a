import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tableOf, type ServerlessConfig } from '../../local/config';
import { deployParameters } from '../../local/deployment';
import { startParameterStore, type ParameterStore } from '../../local/services/parameter-store';
import { dynamoDb, type DynamoDb } from '../../lib/platform/dynamodb';
import type { RetryDeps } from '../../lib/platform/retry';
import { parameterReader, type GetParameters } from '../../lib/platform/ssm';
import { startTable, type Engine, type Table } from '../../local/services/table';
import { resolveCached } from './deploy/resolved-config';

const ROOT = resolve(__dirname, '../..');
const credentials = { AWS_REGION: 'local', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };

/** The clock, pauses and random numbers with which the functions retry. */
export const retryDeps: RetryDeps = { now: Date.now, sleep, random: Math.random };

export const TABLE_NAME = 'vod-client-upload-local-uploads-2';

let config: Promise<ServerlessConfig> | undefined;

/** Secrets for reading the deploy files: only their presence counts. */
export const NO_SECRETS = {
  vodSecretId: '',
  vodSecretKey: '',
  callbackToken: 'x',
  callbackSignKey: '',
  sealKey: '',
  notifySecret: '',
  playerKey: '',
  urlKey: '',
  issuerKey: '',
};

/** serverless.yml as the local run reads it, with the functions of both event modes. */
export function localConfig(): Promise<ServerlessConfig> {
  const parameters = deployParameters('http://localhost', 'http://localhost:1', NO_SECRETS);
  return (config ??= resolveCached(ROOT, parameters));
}

/** The table as serverless.yml declares it. */
export async function uploadsTableProperties() {
  return tableOf(await localConfig());
}

/** An empty table as serverless.yml declares it, on a real engine; in memory unless there is a path. */
export async function startUploadsTable(engine?: Engine, path?: string): Promise<Table> {
  const table = await startTable({ port: 0, ...(engine && { engine }), ...(path !== undefined && { path }) });
  try {
    await table.create(await uploadsTableProperties());
  } catch (error) {
    await table.stop();
    throw error;
  }
  return table;
}

export interface CountingClient {
  readonly dynamodb: DynamoDb;
  /** How many requests were sent since the last call of this, by operation: `{UpdateItem: 1}`. */
  readonly takeCounts: () => Record<string, number>;
}

/** A client of the table as the functions have it, one try for each request, which counts its requests. */
export function countingClient({ url }: Pick<Table, 'url'>): CountingClient {
  const client = dynamoDb({ ...credentials, AWS_ENDPOINT_URL_DYNAMODB: url }, retryDeps);
  let counts: Record<string, number> = {};
  const counted =
    <Input, Output>(action: string, send: (input: Input, timeout: number) => Output) =>
    (input: Input, timeout: number) => {
      counts[action] = (counts[action] ?? 0) + 1;
      return send(input, timeout);
    };
  return {
    dynamodb: {
      batchGetItem: counted('BatchGetItem', client.batchGetItem),
      getItem: counted('GetItem', client.getItem),
      query: counted('Query', client.query),
      scan: counted('Scan', client.scan),
      updateItem: counted('UpdateItem', client.updateItem),
    },
    takeCounts: () => {
      const taken = counts;
      counts = {};
      return taken;
    },
  };
}

export interface Store extends ParameterStore {
  readonly getParameters: GetParameters;
}

/** A parameter store that speaks SSM, and what the functions read it with. */
export async function startStore(parameters: Record<string, string>): Promise<Store> {
  const store = await startParameterStore(Object.entries(parameters));
  return { ...store, getParameters: parameterReader({ ...credentials, AWS_ENDPOINT_URL_SSM: store.url }, retryDeps) };
}

/** The engines that this kind of machine has: dynoxide comes as a binary, for some. */
export const engines: readonly Engine[] =
  process.platform === 'linux' && process.arch === 'x64' ? ['dynoxide', 'dynalite'] : ['dynalite'];
