// Runs in the Node that is measured. Writes to file descriptor 3 what our own lines cost, without the network.
import { createHmac, randomInt } from 'node:crypto';
import { readFileSync, writeSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import type { APIGatewayProxyEventV2, APIGatewayProxyEventV2WithJWTAuthorizer, Context } from 'aws-lambda';
import { dynamoDb } from '../lib/platform/dynamodb';
import { writeLine } from '../lib/platform/log';
import type { GetParameters } from '../lib/platform/ssm';
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
  /** Milliseconds of CPU for an event, without the table's client, and the part of them that parses its message. */
  readonly eventCpu: number;
  readonly eventJson: number;
}

const requestId = '00000000-0000-4000-8000-000000000000';
const context = { awsRequestId: requestId, getRemainingTimeInMillis: () => 25_000 } as Context;

/** How often each part is measured, how many of these are a warm-up, and how many calls each measurement takes. */
const SIGNATURE_ROUNDS = 40;
const WARM_UP_ROUNDS = 10;
const CALLS_PER_ROUND = 1_000;

async function measureSignature(eventFile: string): Promise<Pick<OwnWork, 'parts' | 'whole'>> {
  const event = JSON.parse(readFileSync(eventFile, 'utf8')) as APIGatewayProxyEventV2WithJWTAuthorizer;
  const config = signerConfig(process.env);
  const parts = signatureParts(event.body ?? '', config);
  const handler = signUpload({
    config,
    getParameters: parameters([config.keyParameter, JSON.stringify(VOD_KEY)], [config.sealParameter, SEAL_KEY]),
    now: Date.now,
    random: () => randomInt(2 ** 32),
    log: writeLine,
  });
  const wholes: number[] = [];
  const times: Record<string, number[]> = {};
  for (let round = 0; round < SIGNATURE_ROUNDS; round++) {
    for (const [name, part] of Object.entries(parts)) {
      const start = performance.now();
      for (let call = 0; call < CALLS_PER_ROUND; call++) part();
      (times[name] ??= []).push(performance.now() - start);
    }
    // In the same process and the same kind of loop as its parts, so that they can be subtracted from it.
    const start = performance.now();
    for (let call = 0; call < CALLS_PER_ROUND; call++) await handler(event, context);
    wholes.push(performance.now() - start);
  }
  const median = (rounds: readonly number[]) => quartiles(rounds.slice(WARM_UP_ROUNDS)).median;
  return {
    parts: Object.fromEntries(Object.entries(times).map(([name, rounds]) => [name, median(rounds)])),
    whole: median(wholes),
  };
}

function signatureParts(body: string, { policy }: ReturnType<typeof signerConfig>): Record<string, () => unknown> {
  const { secretId, secretKey } = VOD_KEY;
  const request = parseRequest(Buffer.from(body));
  const { parameters: requested } = applyPolicy(request, policy);
  const signedParameters = {
    ...requested,
    secretId,
    currentTimeStamp: 1_795_350_000,
    expireTime: 1_795_351_800,
    random: 2_887_351_234,
    sourceContext: seal('order=7', 'user-42', true, SEAL_KEY),
  };
  const original = Buffer.from('x'.repeat(220));
  const response = { signature: 'x'.repeat(320), expireTime: 1_795_351_800, oneTimeValid: false };
  const line = { level: 'info', requestId, outcome: 'signed', oneTimeValid: false, validFor: 1800 };
  return {
    'read and check the body': () => parseRequest(Buffer.from(body)),
    'apply the policy': () => applyPolicy(request, policy),
    'draw a random number': () => randomInt(2 ** 32),
    'seal the source context (an HMAC)': () => seal('order=7', 'user-42', true, SEAL_KEY),
    'check, format and sign the parameters (an HMAC)': () => sign(signedParameters, secretKey),
    '  of these, the HMAC and Base64 as in (d)': () =>
      Buffer.concat([createHmac('sha1', secretKey).update(original).digest(), original]).toString('base64'),
    'format the response as JSON': () => JSON.stringify(response),
    'write the log line': () => {
      writeLine(line);
    },
  };
}

/** Returns a reader of these parameters, by name. */
function parameters(...entries: readonly (readonly [name: string, value: string])[]): GetParameters {
  return () => Promise.resolve(new Map(entries));
}

const EVENT_WARM_UP = 1_000;
const EVENT_CALLS = 5_000;

async function measureEvent(eventFile: string): Promise<Pick<OwnWork, 'eventCpu' | 'eventJson'>> {
  const event = readFileSync(eventFile, 'utf8').replaceAll('FILE_ID', '5285890784273533167');
  const handler = eventHandler();
  const run = async (calls: number) => {
    for (let call = 0; call < calls; call++) {
      const { statusCode } = await handler(JSON.parse(event) as APIGatewayProxyEventV2, context);
      if (statusCode !== 200) throw new Error(`the webhook returned ${statusCode}`);
      await turn();
    }
  };
  await run(EVENT_WARM_UP);
  const whole = await cpuOf(() => run(EVENT_CALLS));
  // Parsing the event is this loop's work and not the function's; the message in it is JSON too.
  const { body = '' } = JSON.parse(event) as APIGatewayProxyEventV2;
  const parse = (json: string) =>
    cpuOf(() => {
      for (let call = 0; call < EVENT_CALLS; call++) JSON.parse(json);
    });
  const eventParsing = await parse(event);
  return { eventCpu: (whole - eventParsing) / EVENT_CALLS, eventJson: (await parse(body)) / EVENT_CALLS };
}

/** The function that records events, with a table that responds at once: what remains is ours, marshalling included. */
function eventHandler() {
  const { SEAL_KEY_PARAMETER: sealName = '', CALLBACK_TOKEN_PARAMETER: tokenName = '' } = process.env;
  const dynamodb: StoreDeps['dynamodb'] = { ...dynamoDb({}, Date), updateItem: () => Promise.resolve({}) };
  const deps = { now: Date.now, sleep: () => Promise.resolve(), random: Math.random };
  return recordEvent({
    config: webhookConfig(process.env),
    getParameters: parameters([sealName, SEAL_KEY], [tokenName, TOKEN]),
    store: uploadStore({ ...deps, dynamodb, tableName: 'bench' }),
    now: Date.now,
    log: writeLine,
  });
}

/** Milliseconds. */
async function cpuOf(work: () => Promise<void> | void): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

async function main([signEvent = '', vodEvent = '']: readonly string[]): Promise<void> {
  const work: OwnWork = { ...(await measureSignature(signEvent)), ...(await measureEvent(vodEvent)) };
  writeSync(3, JSON.stringify(work));
}

void main(process.argv.slice(2));
