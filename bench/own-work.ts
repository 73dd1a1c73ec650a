// Runs in the Node that is measured: what our own lines cost when nothing else does, written to file descriptor 3.
import { createHmac, randomInt } from 'node:crypto';
import { readFileSync, writeSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import type { APIGatewayProxyEventV2, APIGatewayProxyEventV2WithJWTAuthorizer, Context } from 'aws-lambda';
import { dynamoDb } from '../lib/platform/dynamodb';
import { writeLine } from '../lib/platform/log';
import { applyPolicy } from '../lib/signing/policy';
import { webhookConfig } from '../lib/events/config';
import { recordEvent } from '../lib/events/webhook';
import { uploadStore, type StoreDeps } from '../lib/uploads/store';
import { signerConfig } from '../lib/signing/config';
import { parseRequest } from '../lib/signing/request';
import { signUpload } from '../lib/signing/issue';
import { sign } from '../lib/signing/signature';
import { seal } from '../lib/vod/source-context';
import { quartiles } from './statistics';
import { SEAL_KEY, TOKEN, VOD_KEY } from './values';

export interface OwnWork {
  /** Microseconds for each part of a signature. */
  readonly parts: Readonly<Record<string, number>>;
  /** Microseconds of a whole call of the handler that signs. */
  readonly whole: number;
  /** Milliseconds of CPU for an event, without the table's client, and of those for parsing its message. */
  readonly eventCpu: number;
  readonly eventJson: number;
}

const requestId = '00000000-0000-4000-8000-000000000000';
const context = { awsRequestId: requestId, getRemainingTimeInMillis: () => 25_000 } as Context;

async function partsOfASignature(eventFile: string): Promise<Pick<OwnWork, 'parts' | 'whole'>> {
  const event = JSON.parse(readFileSync(eventFile, 'utf8')) as APIGatewayProxyEventV2WithJWTAuthorizer;
  const { body = '' } = event;
  const bytes = Buffer.from(body);
  const config = signerConfig(process.env);
  const { policy } = config;
  const { secretId, secretKey } = VOD_KEY;
  const request = parseRequest(bytes);
  const { parameters } = applyPolicy(request, policy);
  const sourceContext = seal('order=7', 'user-42', true, SEAL_KEY);
  const who = {
    secretId,
    currentTimeStamp: 1_795_350_000,
    expireTime: 1_795_351_800,
    random: 2_887_351_234,
    sourceContext,
  };
  const signed = Buffer.from('x'.repeat(220));
  const answer = { signature: 'x'.repeat(320), expireTime: 1_795_351_800, oneTimeValid: false };
  const line = { level: 'info', requestId, outcome: 'signed', oneTimeValid: false, validFor: 1800 };
  const parts: Record<string, () => unknown> = {
    'read and check the body': () => parseRequest(Buffer.from(body)),
    'apply the policy': () => applyPolicy(request, policy),
    'draw a random': () => randomInt(2 ** 32),
    'seal the source context (an HMAC)': () => seal('order=7', 'user-42', true, SEAL_KEY),
    'check, write and sign the parameters (an HMAC)': () => sign({ ...parameters, ...who }, secretKey),
    '  of which the HMAC and Base64, as in (d)': () =>
      Buffer.concat([createHmac('sha1', secretKey).update(signed).digest(), signed]).toString('base64'),
    'write the answer as JSON': () => JSON.stringify(answer),
    'write the log line': () => {
      writeLine(line);
    },
  };
  const handler = signUpload({
    config,
    getParameters: () =>
      Promise.resolve(
        new Map([
          [config.keyParameter, JSON.stringify(VOD_KEY)],
          [config.sealParameter, SEAL_KEY],
        ]),
      ),
    now: Date.now,
    random: () => randomInt(2 ** 32),
    log: writeLine,
  });
  const middle = (rounds: readonly number[]) => quartiles(rounds.slice(10)).median;
  const wholes: number[] = [];
  const times: Record<string, number[]> = {};
  for (let round = 0; round < 40; round++) {
    for (const [name, part] of Object.entries(parts)) {
      const since = performance.now();
      for (let call = 0; call < 1_000; call++) part();
      (times[name] ??= []).push(performance.now() - since);
    }
    // In the same process and the same kind of loop as its parts, so that they can be taken from it.
    const since = performance.now();
    for (let call = 0; call < 1_000; call++) await handler(event, context);
    wholes.push(performance.now() - since);
  }
  return {
    parts: Object.fromEntries(Object.entries(times).map(([name, rounds]) => [name, middle(rounds)])),
    whole: middle(wholes),
  };
}

async function anEvent(eventFile: string): Promise<Pick<OwnWork, 'eventCpu' | 'eventJson'>> {
  const template = readFileSync(eventFile, 'utf8');
  const { SEAL_KEY_PARAMETER: sealName = '', CALLBACK_TOKEN_PARAMETER: tokenName = '' } = process.env;
  // A table whose answer is there at once: what is left is ours, marshalling included.
  const dynamodb: StoreDeps['dynamodb'] = { ...dynamoDb({}, Date), updateItem: () => Promise.resolve({}) };
  const deps = { now: Date.now, sleep: () => Promise.resolve(), random: Math.random };
  const handler = recordEvent({
    config: webhookConfig(process.env),
    getParameters: () =>
      Promise.resolve(
        new Map([
          [sealName, SEAL_KEY],
          [tokenName, TOKEN],
        ]),
      ),
    store: uploadStore({ ...deps, dynamodb, tableName: 'bench' }),
    now: Date.now,
    log: writeLine,
  });
  const calls = 5_000;
  const run = async (count: number) => {
    for (let call = 0; call < count; call++) {
      const { statusCode } = await handler(JSON.parse(event) as APIGatewayProxyEventV2, context);
      if (statusCode !== 200) throw new Error(`the webhook answered ${statusCode}`);
      await turn();
    }
  };
  const event = template.replaceAll('FILE_ID', '5285890784273533167');
  await run(1_000);
  const before = process.cpuUsage();
  await run(calls);
  const { user, system } = process.cpuUsage(before);
  // Reading the event as Lambda hands it over is this loop's work and not the function's; the message in it is JSON too.
  const { body = '' } = JSON.parse(event) as APIGatewayProxyEventV2;
  const outside = process.cpuUsage();
  for (let call = 0; call < calls; call++) JSON.parse(event);
  const reading = process.cpuUsage(outside);
  const inside = process.cpuUsage();
  for (let call = 0; call < calls; call++) JSON.parse(body);
  const json = process.cpuUsage(inside);
  const perCall = ({ user: u, system: s }: NodeJS.CpuUsage) => (u + s) / 1000 / calls;
  return { eventCpu: perCall({ user, system }) - perCall(reading), eventJson: perCall(json) };
}

async function main([signEvent = '', webhookEvent = '']: readonly string[]): Promise<void> {
  const work: OwnWork = { ...(await partsOfASignature(signEvent)), ...(await anEvent(webhookEvent)) };
  writeSync(3, JSON.stringify(work));
}

void main(process.argv.slice(2));
