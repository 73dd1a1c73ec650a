import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killProcesses, startProcess } from '../npm-start';
import { onEnd } from './ends';
import { startExpressExample, type ExpressExample } from './express';

/** `npm start` and the Express example, each configured for the other as its README says. */
export interface Stack {
  readonly backendUrl: string;
  readonly vodUrl: string;
  readonly express: ExpressExample;
}

export async function startStack(): Promise<Stack> {
  const express = await startExpressExample();
  const dataDir = await mkdtemp(join(tmpdir(), 'vod-client-upload-examples-data-'));
  onEnd(() => rm(dataDir, { recursive: true }));
  onEnd(killProcesses);
  const backend = await startProcess(dataDir, {
    JWT_ISSUER: express.url,
    JWT_AUDIENCE: 'my-app',
    NOTIFY_URL: `${express.url}/webhooks/vod`,
    NOTIFY_SECRET: express.notifySecret,
  });
  onEnd(async () => {
    backend.child.kill('SIGTERM');
    await backend.exited;
  });
  if (!/^ready/m.test(backend.out())) throw new Error(`npm start has ended:\n${backend.err()}`);
  return { backendUrl: backend.valueOf('page').replace(/\/$/, ''), vodUrl: backend.valueOf('vod'), express };
}
