import { join, resolve } from 'node:path';
import { queuesOf, tableOf } from '../../local/config';
import { callbackUrl, deployParameters, storedParameters } from '../../local/deployment';
import { startEventSources } from '../../local/lambda/event-sources/start';
import { startFunctions, type Functions } from '../../local/lambda/functions';
import { httpApi } from '../../local/lambda/gateway';
import { loadSecrets } from '../../local/secrets';
import { listen, type Listener } from '../../local/server';
import { startParameterStore } from '../../local/services/parameter-store';
import { startQueues } from '../../local/services/queue';
import { startTable } from '../../local/services/table';
import { startVod } from '../../local/vod/server';

import { bundleCached } from './bundled-functions';
import { resolveCached } from './deploy/resolved-config';

export interface FastRunOptions {
  readonly dataDir: string;
  readonly notifyUrl: string;
  /** How many times as fast as the system's clock that of the queues is. */
  readonly speed: number;
  /** Stands between the event sources and the functions. */
  readonly invokeThrough?: (invoke: Functions['invoke']) => Functions['invoke'];
}

/**
 * The parts of a local run, without the page and the issuer, and with queues whose time passes faster: what they hide
 * for a minute is visible again after a second.
 */
export async function startFastRun({ dataDir, notifyUrl, speed, invokeThrough }: FastRunOptions) {
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  let open: (listener: Listener) => void = () => undefined;
  const opened = new Promise<Listener>((resolveListener) => (open = resolveListener));
  const server = await listen(async (request, response) => (await opened)(request, response), 0, 'PORT');
  const url = `http://localhost:${server.port}`;
  const secrets = await loadSecrets(dataDir);
  const { vodSecretId: secretId, vodSecretKey: secretKey } = secrets;
  const eventUrl = callbackUrl(url, secrets);
  const vod = await startVod({
    port: 0,
    dataDir: join(dataDir, 'vod'),
    secretId,
    secretKey,
    callbackUrl: eventUrl,
    callableOnce: opened,
    log,
  });

  const projectDir = resolve(__dirname, '../..');
  const config = await resolveCached(projectDir, deployParameters(url, vod.url, secrets, { notifyUrl }));
  const table = await startTable({ port: 0, path: join(dataDir, 'table') });
  await table.create(tableOf(config));
  const parameterStore = await startParameterStore(storedParameters(secrets));
  const began = Date.now();
  const now = () => began + (Date.now() - began) * speed;
  const queues = await startQueues(queuesOf(config), { region: config.provider.region, now });
  const functions = await startFunctions({
    config,
    projectDir,
    buildDir: join(dataDir, 'functions'),
    bundle: bundleCached,
    dynamodbUrl: table.url,
    ssmUrl: parameterStore.url,
    sqsUrl: queues.url,
    log,
  });
  const eventSources = await startEventSources({
    config,
    invoke: invokeThrough?.(functions.invoke) ?? functions.invoke,
    tableUrl: table.url,
    queues,
    path: join(dataDir, 'event-sources'),
    schedules: false,
    log,
  });
  open(httpApi(config, functions.invoke));

  return {
    callbackUrl: eventUrl,
    secrets,
    vod,
    table,
    queues,
    functions,
    eventSources,
    lines,
    stop: async () => {
      await eventSources.stop();
      await vod.stop();
      await server.close();
      await functions.stop();
      await Promise.all([queues.close(), parameterStore.close()]);
      await table.stop();
    },
  };
}

export type FastRun = Awaited<ReturnType<typeof startFastRun>>;
