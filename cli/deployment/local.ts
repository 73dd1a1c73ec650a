import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import type { Environment } from '../../lib/platform/env';
import { callbackUrl, deployParameters } from '../../local/deployment';
import { whereItRuns } from '../../local/running';
import { loadSecrets } from '../../local/secrets';
import { queueUrlAt } from '../../local/services/queue';
import { settings } from '../../local/settings';
import { explainFetchFailure } from '../network/fetch-failure';
import { configurationOf } from './configuration';
import type { Deployment } from './deployment';
import { registration } from './state';

/** The deployment that `npm start` runs with the same DATA_DIR. */
export async function localDeployment(env: Environment): Promise<Deployment> {
  const { dataDir, givenSecrets } = settings(env);
  const { url, vodUrl, tableUrl, tableName, parameterStoreUrl, queuesUrl, features } = await whereItRuns(dataDir);
  const secrets = await loadSecrets(dataDir, givenSecrets);
  const client = { region: 'local', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };
  const [signKey = ''] = secrets.callbackSignKey.split(',');
  const notifications = {
    queueUrl: queueUrlAt(queuesUrl, 'NotifyAppQueue'),
    deadLettersUrl: queueUrlAt(queuesUrl, 'NotifyAppDeadLetters'),
  };
  const outputs = { webhookUrl: `${url}/vod-events`, tableName, ...(features.notifyUrl && { notifications }) };
  return {
    ...configurationOf(deployParameters(url, vodUrl, secrets, features), 'local'),
    name: `npm start at ${url}`,
    options: '--local',
    isLocal: true,
    region: client.region,
    ssm: new SSMClient({ ...client, endpoint: parameterStoreUrl }),
    dynamodb: new DynamoDBClient({ ...client, endpoint: tableUrl }),
    streams: new DynamoDBStreamsClient({ ...client, endpoint: tableUrl }),
    sqs: new SQSClient({ ...client, endpoint: queuesUrl }),
    outputs: () => Promise.resolve(outputs),
    runReconcile: (event) => post(`${url}/local/run/reconcile`, event),
    registeredAtStart: registration('PUSH', callbackUrl(url, secrets), signKey.trim() || undefined, 'npm start'),
  };
}

async function post(url: string, event: object): Promise<unknown> {
  let response;
  try {
    const headers = { 'content-type': 'application/json' };
    response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(event) });
  } catch (error) {
    throw new Error(`Cannot run reconcile: ${explainFetchFailure(error)}, check that npm start is still running`, {
      cause: error,
    });
  }
  if (response.ok) return response.json();
  throw new Error(`Cannot run reconcile: it failed with ${response.status}, see the output of npm start`);
}
