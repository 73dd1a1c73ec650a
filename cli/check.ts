import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { describe } from '../lib/platform/log';
import type { KeyPair } from '../lib/vod/schemas';
import { postCallback, shown, splitToken, whyFetchFailed } from './callback-request';
import { DEPLOYMENT_OPTIONS, DEPLOYMENT_USAGE, readArgs, webhookOption, type Edge, type Verb } from './command';
import { deploymentOf, secretsOf, type Deployment, type Outputs } from './deployment';
import { fingerprint, recall, type Registered } from './memory';
import { codeOf, vodClient } from './vod-client';

/** What is looked at, in the order in which it is told. */
const CHECKS = [
  ...['stack', 'vod-key-secret', 'vod-api-key-secret', 'seal-key-secret', 'callback-token-secret', 'sign-key-secret'],
  ...['vod-api', 'clock', 'vod-key', 'vod-api-key', 'sub-application', 'mode', 'callback-url', 'callback-token'],
  ...['upload-switch', 'delete-switch', 'sign-key', 'drift', 'webhook', 'webhook-token', 'table'],
] as const;

export interface Finding {
  readonly check: string;
  readonly status: 'ok' | 'fault' | 'not-checked';
  /** Of a fault: what to do. */
  readonly detail: string;
}

/** In seconds. VOD refuses a call at 300; a machine that keeps its time is off by far less than a minute. */
const LARGEST_SKEW = 60;
const ANSWER_TIMEOUT = 10_000;
/** No event of VOD's is called so: the webhook answers it and keeps nothing. */
const PROBE = { EventType: 'VodClientUploadCheck' };

const REGISTER = 'run `npm run vod -- register`';
const GIVEN = ', as --url says';

export const check: Verb = {
  summary: 'is this deployment able to work? Names what is wrong and what to do',
  usage: `check [options]

Looks at the secrets, the key and application at VOD, the clock, VOD's event configuration, the webhook (with an event that
it ignores), and the table; changes nothing. Each line is "ok", "FAULT" with what to do, or "not checked" where something
else has to be right first. Exit code 1 when there is a fault.

  --url <url>      the webhook, without a token; without it the one that was registered last, else the stack's VodEventsUrl
  --json           {"ok": ..., "findings": [{"check", "status", "detail"}]} on stdout
${DEPLOYMENT_USAGE}`,

  run: async (args, edge) => {
    const { values } = readArgs({
      args,
      options: { ...DEPLOYMENT_OPTIONS, url: { type: 'string' }, json: { type: 'boolean' } },
    });
    const deployment = await deploymentOf(values, edge);
    const findings = await checkDeployment(deployment, edge, webhookOption(values.url, deployment.mode));
    const faults = findings.filter(({ status }) => status === 'fault').length;
    if (values.json) {
      edge.out(JSON.stringify({ ok: faults === 0, deployment: deployment.name, findings }));
    } else {
      const words = { ok: 'ok', fault: 'FAULT', 'not-checked': 'not checked' };
      for (const { check, status, detail } of findings) {
        edge.out(`${words[status].padEnd(12)}${check.padEnd(23)}${detail}`);
      }
      edge.out(`${deployment.name}: ${faults === 0 ? 'no fault' : faults === 1 ? '1 fault' : `${faults} faults`}`);
    }
    return faults === 0 ? 0 : 1;
  },
};

/**
 * Every finding of a deployment, each check once at most; what the deployment does not have is left out.
 *
 * @param givenUrl where the webhook is reached, if neither its last registration nor the stack says so
 */
export async function checkDeployment(
  deployment: Deployment,
  edge: Pick<Edge, 'now'>,
  givenUrl?: string,
): Promise<Finding[]> {
  const findings = new Findings(deployment);
  const outputs = await checkStack(deployment, findings);
  const secrets = await checkSecrets(deployment, findings);
  const memory = await memoryOf(deployment);
  const expected = webhookOf(outputs, memory, givenUrl);
  const webhook = (await checkVod(deployment, expected, outputs, secrets, memory, findings, edge)) ?? expected;
  await checkWebhook(deployment, webhook, secrets, findings, edge);
  await checkTable(deployment, outputs, findings);
  return findings.inOrder();
}

class Findings {
  readonly #all = new Map<string, Finding>();
  readonly #options: string;

  constructor({ options }: Pick<Deployment, 'options'>) {
    this.#options = options;
  }

  ok(check: (typeof CHECKS)[number], detail: string): void {
    this.#set(check, 'ok', detail);
  }

  fault(check: (typeof CHECKS)[number], detail: string): void {
    this.#set(check, 'fault', detail);
  }

  /** A command that the detail names gets the deployment's options: copied without them it acts on stage dev. */
  #set(check: (typeof CHECKS)[number], status: Finding['status'], detail: string): void {
    const whole = detail.replace(/`npm run vod -- [^`]+/g, (command) => `${command} ${this.#options}`);
    this.#all.set(check, { check, status, detail: whole });
  }

  /** Says so of those that have nothing better said of them. */
  notChecked(checks: readonly (typeof CHECKS)[number][], why: string): void {
    for (const check of checks) {
      if (!this.#all.has(check)) this.#all.set(check, { check, status: 'not-checked', detail: why });
    }
  }

  isFault(check: (typeof CHECKS)[number]): boolean {
    return this.#all.get(check)?.status === 'fault';
  }

  inOrder(): Finding[] {
    return CHECKS.flatMap((check) => this.#all.get(check) ?? []);
  }
}

async function checkStack(deployment: Deployment, findings: Findings): Promise<Outputs | undefined> {
  try {
    const outputs = await deployment.outputs();
    const { webhookUrl = 'its function, which pulls them' } = outputs;
    findings.ok('stack', `${deployment.name}, events go to ${webhookUrl}`);
    return outputs;
  } catch (error) {
    const { reason } = describe(error);
    const how = 'deploy it, choose another --stage or --region, or look at your AWS credentials';
    findings.fault('stack', `${deployment.name} cannot be read (${reason}): ${how}`);
    return undefined;
  }
}

/** What was registered last, or why nobody can say. */
interface Memory {
  readonly before?: Registered | undefined;
  readonly unreadable?: string;
}

async function memoryOf({ ssm, parameters, registeredAtStart }: Deployment): Promise<Memory> {
  try {
    return { before: (await recall<Registered>(ssm, parameters.registered)) ?? registeredAtStart };
  } catch (error) {
    return { unreadable: describe(error).reason };
  }
}

/** Where the webhook is to be reached. */
interface Webhook {
  /** Without the token, as {@link splitToken} writes it. */
  readonly url: string;
  /** Who says so, where it is not the stack. */
  readonly why: string;
  /** What makes VOD call it, and no other. */
  readonly register: string;
}

function webhookOf(
  outputs: Outputs | undefined,
  { before }: Memory,
  givenUrl: string | undefined,
): Webhook | undefined {
  const own = outputs?.webhookUrl === undefined ? undefined : new URL(outputs.webhookUrl).href;
  const other = (of: string, why: string): Webhook => {
    const { url } = splitToken(of);
    return url === own ? stacks(own) : { url, why, register: registerAt(url) };
  };
  if (givenUrl !== undefined) return other(givenUrl, GIVEN);
  if (own === undefined) return undefined;
  if (before?.mode === 'PUSH' && before.url !== '') {
    return other(before.url, `, as registered ${before.at}; the stack's own is ${own}`);
  }
  return stacks(own);
}

function stacks(url: string): Webhook {
  return { url, why: '', register: REGISTER };
}

function registerAt(url: string): string {
  return `run \`npm run vod -- register --url ${url}\``;
}

interface Secrets {
  readonly vodKey: KeyPair | undefined;
  readonly vodApiKey: KeyPair | undefined;
  readonly tokens: readonly string[] | undefined;
  readonly signKeys: readonly string[] | undefined;
}

async function checkSecrets(deployment: Deployment, findings: Findings): Promise<Secrets> {
  const { parameters } = deployment;
  const names = [
    ['vod-key-secret', parameters.vodKey],
    ['vod-api-key-secret', parameters.vodApiKey],
    ['seal-key-secret', parameters.sealKey],
    ['callback-token-secret', parameters.callbackToken],
    ['sign-key-secret', parameters.callbackSignKey],
  ] as const;
  const used = names.flatMap(([check, name]) => (name === undefined ? [] : [check]));
  const nothing = { vodKey: undefined, vodApiKey: undefined, tokens: undefined, signKeys: undefined };
  let secrets;
  try {
    secrets = await secretsOf(deployment);
  } catch (error) {
    // Without AWS credentials the stack cannot be read either, and that has been said.
    if (!findings.isFault('stack'))
      findings.fault('vod-key-secret', `${describe(error).reason}: allow ssm:GetParameters`);
    findings.notChecked(used, 'SSM does not answer');
    return nothing;
  }

  function read<T>(check: (typeof used)[number], name: string | undefined, how: (name: string) => T): T | undefined {
    if (name === undefined) return undefined;
    try {
      const value = how(name);
      findings.ok(check, name);
      return value;
    } catch (error) {
      const { reason } = describe(error);
      const how = check === 'vod-api-key-secret' ? '' : ' (`npm run vod -- secrets create`)';
      findings.fault(check, `${reason.replace('Cannot read secrets: ', '')}${how}`);
      return undefined;
    }
  }
  const { keyPair, parseSecretVersions } = secrets;
  read('seal-key-secret', parameters.sealKey, parseSecretVersions);
  return {
    vodKey: read('vod-key-secret', parameters.vodKey, keyPair),
    vodApiKey: read('vod-api-key-secret', parameters.vodApiKey, keyPair),
    tokens: read('callback-token-secret', parameters.callbackToken, parseSecretVersions),
    signKeys: read('sign-key-secret', parameters.callbackSignKey, (name) => {
      const keys = parseSecretVersions(name);
      if (keys.every((key) => /^[A-Za-z0-9]{1,32}$/.test(key))) return keys;
      throw new Error(`${name} must hold letters and digits, at most 32: VOD takes no other SignKey`);
    }),
  };
}

/** Answers the webhook that VOD calls, where that is one of this deployment. */
async function checkVod(
  deployment: Deployment,
  expected: Webhook | undefined,
  outputs: Outputs | undefined,
  secrets: Secrets,
  memory: Memory,
  findings: Findings,
  edge: Pick<Edge, 'now'>,
): Promise<Webhook | undefined> {
  const { parameters, vodSubAppId } = deployment;
  const keys = [
    ['vod-key', parameters.vodKey, secrets.vodKey],
    ['vod-api-key', parameters.vodApiKey, secrets.vodApiKey],
  ] as const;
  const ofVod = [
    ...keys.flatMap(([check, name]) => (name === undefined ? [] : [check])),
    ...(['sub-application', 'mode', 'callback-url', 'upload-switch', 'delete-switch', 'drift'] as const),
    ...(parameters.callbackToken === undefined ? [] : (['callback-token'] as const)),
    ...(parameters.callbackSignKey === undefined ? [] : (['sign-key'] as const)),
  ];
  if (!(await checkClock(deployment, findings, edge))) {
    findings.notChecked(ofVod, 'VOD does not answer');
    return undefined;
  }

  let config;
  for (const [check, name, pair] of keys) {
    if (name === undefined) continue;
    if (!pair) {
      findings.notChecked([check], `${name} has to hold a key pair first`);
      continue;
    }
    try {
      const application = vodSubAppId === undefined ? {} : { SubAppId: vodSubAppId };
      config = await vodClient(deployment.vodApiUrl, pair).DescribeEventConfig(application);
      findings.ok(check, `VOD knows ${pair.secretId}`);
    } catch (error) {
      const isForApi = check === 'vod-api-key' || parameters.vodApiKey === undefined;
      judge(check, name, isForApi, error, vodSubAppId, findings);
    }
  }
  if (!config) {
    findings.notChecked(ofVod, 'VOD has to take the key and the application first');
    return undefined;
  }
  // Of two keys, VOD may take the application from one alone.
  if (!findings.isFault('sub-application')) {
    const main = "the account's main one, VOD asks for no id";
    findings.ok('sub-application', vodSubAppId === undefined ? main : `${vodSubAppId}`);
  }
  // The stack's own address works beside a domain of its owner's.
  const called = splitToken(config.NotificationUrl ?? '').url;
  const isStacks = outputs?.webhookUrl !== undefined && called === new URL(outputs.webhookUrl).href;
  const webhook = isStacks && expected?.why !== GIVEN ? stacks(called) : expected;
  const { register = REGISTER } = webhook ?? {};
  checkConfig(config, deployment, webhook, secrets, memory, findings);
  if (memory.unreadable === undefined) checkDrift(config, memory.before, register, secrets, findings);
  return webhook;
}

type EventConfig = Awaited<ReturnType<ReturnType<typeof vodClient>['DescribeEventConfig']>>;

/** Whether VOD answers at all. */
async function checkClock({ vodApiUrl }: Deployment, findings: Findings, { now }: Pick<Edge, 'now'>): Promise<boolean> {
  let date: string | null;
  try {
    const response = await fetch(vodApiUrl, { signal: AbortSignal.timeout(ANSWER_TIMEOUT) });
    await response.body?.cancel();
    date = response.headers.get('date');
  } catch (error) {
    findings.fault(
      'vod-api',
      `${vodApiUrl} does not answer (${whyFetchFailed(error)}): look at the network and VOD_API_URL`,
    );
    findings.notChecked(['clock'], 'VOD does not answer');
    return false;
  }
  findings.ok('vod-api', vodApiUrl);
  const skew = Math.round((now() - Date.parse(date ?? '')) / 1000);
  if (Number.isNaN(skew)) findings.notChecked(['clock'], 'VOD answers without a Date');
  else if (Math.abs(skew) <= LARGEST_SKEW) findings.ok('clock', `${Math.abs(skew)} s from VOD's`);
  else {
    const off = `${Math.abs(skew)} s ${skew > 0 ? 'ahead of' : 'behind'} VOD's`;
    findings.fault('clock', `this machine's clock is ${off}, set it (VOD refuses calls at 300 s)`);
  }
  return true;
}

/** What VOD's refusal of DescribeEventConfig means. Codes: https://cloud.tencent.com/document/api/266/31774 */
function judge(
  check: 'vod-key' | 'vod-api-key',
  name: string,
  isForApi: boolean,
  error: unknown,
  vodSubAppId: number | undefined,
  findings: Findings,
): void {
  const code = codeOf(error) ?? 'no answer';
  if (code === 'AuthFailure.SecretIdNotFound' || code === 'AuthFailure.InvalidSecretId') {
    findings.fault(
      check,
      `VOD does not know the secretId of ${name} (${code}): put in a key pair of this account that is enabled`,
    );
  } else if (code === 'AuthFailure.SignatureFailure') {
    findings.fault(check, `the secretKey of ${name} is not the one of its secretId (${code}): put in both of one key`);
  } else if (code === 'AuthFailure.SignatureExpire') {
    if (!findings.isFault('clock'))
      findings.fault('clock', `VOD says that this machine's clock is wrong (${code}): set it`);
  } else if (code.startsWith('InvalidParameterValue.SubAppId')) {
    findings.ok(check, 'VOD knows it');
    const missing =
      'VOD_SUB_APP_ID is missing: an account opened since 2023-12-25 has to name its application, set it and deploy again';
    const wrong = `VOD_SUB_APP_ID ${vodSubAppId ?? ''} is no application of the account of the key in ${name}: correct the one or the other`;
    findings.fault('sub-application', `${vodSubAppId === undefined ? missing : wrong} (${code})`);
  } else if (code.includes('UnauthorizedOperation')) {
    if (!isForApi) findings.ok(check, 'VOD knows it, and lets it only sign');
    else
      findings.fault(
        check,
        `the key of ${name} may not read the event configuration: allow vod:DescribeEventConfig (${code})`,
      );
  } else {
    findings.fault('vod-api', `DescribeEventConfig fails with ${code}: ${describe(error).reason}`);
  }
}

/** Holds what VOD has against the deployment. */
function checkConfig(
  config: EventConfig,
  { mode, parameters }: Deployment,
  webhook: Webhook | undefined,
  { tokens, signKeys }: Secrets,
  { before, unreadable }: Memory,
  findings: Findings,
): void {
  const { register = REGISTER } = webhook ?? {};
  if (config.Mode === mode) findings.ok('mode', mode);
  else findings.fault('mode', `VOD has ${config.Mode ?? 'none'}, EVENT_MODE is ${mode.toLowerCase()}: ${register}`);
  for (const [check, what, value] of [
    ['upload-switch', 'uploads', config.UploadMediaCompleteEventSwitch],
    ['delete-switch', 'deletions', config.DeleteMediaCompleteEventSwitch],
  ] as const) {
    if (value === 'ON') findings.ok(check, 'ON');
    else findings.fault(check, `VOD says nothing about ${what} (${value ?? 'OFF'}, as it is by default): ${register}`);
  }

  const { url, token } = splitToken(config.NotificationUrl ?? '');
  const ofCallbacks = [
    'callback-url' as const,
    ...(parameters.callbackToken === undefined ? [] : (['callback-token'] as const)),
    ...(parameters.callbackSignKey === undefined ? [] : (['sign-key'] as const)),
  ];
  if (mode === 'PULL') {
    findings.notChecked(ofCallbacks, 'events are pulled');
  } else if (webhook === undefined) {
    findings.notChecked(ofCallbacks, 'the stack has to be there first');
  } else if (url === '') {
    findings.fault('callback-url', `VOD has none: ${register}`);
  } else if (url === webhook.url) {
    findings.ok('callback-url', `${url}${webhook.why}`);
    if (parameters.callbackToken !== undefined) checkToken(token, parameters.callbackToken, tokens, register, findings);
  } else {
    findings.fault('callback-url', `VOD calls ${shown(url)}, not ${webhook.url}${webhook.why}: ${register}`);
  }
  if (findings.isFault('callback-url') && parameters.callbackToken !== undefined) {
    findings.notChecked(['callback-token'], 'the URL has to be right first');
  }

  if (unreadable !== undefined) {
    findings.fault('drift', unreadable);
    if (parameters.callbackSignKey !== undefined) findings.notChecked(['sign-key'], 'nobody knows what was registered');
    return;
  }
  if (parameters.callbackSignKey === undefined || mode === 'PULL' || !webhook) return;
  if (!signKeys) {
    findings.notChecked(['sign-key'], `${parameters.callbackSignKey} has to hold a SignKey first`);
  } else if (before?.signKeyFingerprint === undefined) {
    findings.fault('sign-key', `none was registered with this command, and VOD does not say what it has: ${register}`);
  } else if (signKeys.some((key) => fingerprint(key) === before.signKeyFingerprint)) {
    const isFirst = fingerprint(signKeys[0] ?? '') === before.signKeyFingerprint;
    const old = isFirst ? '' : `, the old one: ${register} before you take it away`;
    findings.ok('sign-key', `${before.signKeyFingerprint}, registered ${before.at}${old}`);
  } else {
    const [ours = ''] = signKeys;
    const had = `VOD was given ${before.signKeyFingerprint} (${before.at}), SSM has ${fingerprint(ours)}`;
    findings.fault('sign-key', `${had}: ${register}`);
  }
}

function checkToken(
  token: string | null,
  name: string,
  tokens: readonly string[] | undefined,
  register: string,
  findings: Findings,
): void {
  if (!tokens) {
    findings.notChecked(['callback-token'], `${name} has to hold a token first`);
  } else if (token !== null && tokens.includes(token)) {
    const old = token === tokens[0] ? '' : `, the old one: ${register} before you take it away`;
    findings.ok('callback-token', `${fingerprint(token)}${old}`);
  } else {
    const has = token === null ? 'no token' : `the token ${fingerprint(token)}`;
    findings.fault('callback-token', `VOD calls with ${has}, not ${fingerprint(tokens[0] ?? '')}: ${register}`);
  }
}

/** Whether somebody else changed VOD's configuration: then the SignKey, which VOD does not show, may be another too. */
function checkDrift(
  config: EventConfig,
  before: Registered | undefined,
  register: string,
  { signKeys }: Secrets,
  findings: Findings,
): void {
  if (!before) {
    findings.notChecked(['drift'], 'nothing was registered with this command yet');
    return;
  }
  const { url, token } = splitToken(config.NotificationUrl ?? '');
  const changed = [
    config.Mode === before.mode ? [] : 'mode',
    url === before.url ? [] : 'URL',
    (token === null ? undefined : fingerprint(token)) === before.tokenFingerprint ? [] : 'token',
    config.UploadMediaCompleteEventSwitch === 'ON' ? [] : 'uploads',
    config.DeleteMediaCompleteEventSwitch === 'ON' ? [] : 'deletions',
  ].flat();
  const told = (['mode', 'callback-url', 'callback-token', 'upload-switch', 'delete-switch'] as const).some((check) =>
    findings.isFault(check),
  );
  const what = `${changed.join(', ')} changed at VOD since ${before.at}, not by this command`;
  if (changed.length === 0) findings.ok('drift', `as registered ${before.at}`);
  else if (told) findings.notChecked(['drift'], what);
  else if (!signKeys || findings.isFault('sign-key')) findings.ok('drift', `${what}; it fits`);
  else findings.fault('drift', `${what}; it fits, but the SignKey may be another now: ${register}`);
}

async function checkWebhook(
  { mode, parameters }: Deployment,
  webhook: Webhook | undefined,
  { tokens, signKeys }: Secrets,
  findings: Findings,
  { now }: Pick<Edge, 'now'>,
): Promise<void> {
  const secrets = ['seal-key-secret', 'callback-token-secret', 'sign-key-secret'] as const;
  const lacksSecrets = secrets.some((check) => findings.isFault(check)) || (!tokens && !signKeys);
  const [token] = tokens ?? [];
  const [signKey] = signKeys ?? [];
  const needs = parameters.callbackToken === undefined ? 'Sign' : 'token';
  const { url: webhookUrl, why: whose = '' } = webhook ?? {};
  let why = 'the webhook has to answer first';
  if (mode === 'PULL') why = 'events are pulled';
  else if (webhookUrl === undefined) why = 'the stack has to be there first';
  else if (lacksSecrets) why = 'the webhook cannot work without its secrets';
  else {
    try {
      const open = await postCallback(webhookUrl, PROBE, {}, now());
      if (open.status === 401) findings.ok('webhook-token', `without ${needs} it answers 401`);
      else if (open.status !== 200) {
        const how = whose === '' ? 'deploy again' : `look at its mapping, or ${REGISTER}`;
        findings.fault('webhook', `it answers ${open.status}: look into the log of vod-events, or ${how}`);
      } else {
        const danger = 'so anybody can post events';
        findings.fault('webhook-token', `it answers 200 without ${needs}, ${danger}: deploy this project there again`);
      }
      if (signKey !== undefined && findings.isFault('clock')) why = 'a Sign needs a clock that is right';
      else if (!findings.isFault('webhook')) {
        const answer = await postCallback(webhookUrl, PROBE, { token, signKey }, now());
        // While they are rotated, it may know the old ones alone for five minutes.
        const old = { token: tokens?.at(-1), signKey: signKeys?.at(-1) };
        const isRotating = old.token !== token || old.signKey !== signKey;
        const again = answer.status === 401 && isRotating;
        judgeWebhook(webhookUrl, again ? await postCallback(webhookUrl, PROBE, old, now()) : answer, findings);
      }
    } catch (error) {
      const how = whose === '' ? 'deploy again, or look at the network' : `look at its DNS and mapping, or ${REGISTER}`;
      findings.fault('webhook', `${webhookUrl}${whose}: ${describe(error).reason}; ${how}`);
    }
  }
  findings.notChecked(['webhook', 'webhook-token'], why);
}

/** What the webhook's answer to an event that it has to take means. */
function judgeWebhook(
  webhookUrl: string,
  { status, text }: { readonly status: number; readonly text: string },
  findings: Findings,
): void {
  if (status === 200 && text === '{"outcome":"ignored"}') {
    findings.ok('webhook', `${webhookUrl} takes events`);
  } else if (status === 401) {
    const advice = 'wait five minutes if one of them is new, else deploy again';
    findings.fault('webhook', `it refuses the secrets that SSM has for it: ${advice}`);
  } else if (status === 200) {
    findings.fault('webhook', `${webhookUrl} answers 200, but not as vod-events does: deploy this project there`);
  } else {
    findings.fault('webhook', `it answers ${status} to an event: look into the log of vod-events`);
  }
}

async function checkTable({ dynamodb }: Deployment, outputs: Outputs | undefined, findings: Findings): Promise<void> {
  if (!outputs) {
    findings.notChecked(['table'], 'the stack has to be there first');
    return;
  }
  const { tableName } = outputs;
  try {
    const { Table: table } = await dynamodb.send(new DescribeTableCommand({ TableName: tableName }));
    const status = table?.TableStatus ?? 'UNKNOWN';
    if (status === 'ACTIVE') findings.ok('table', `${tableName} is ACTIVE`);
    else findings.fault('table', `${tableName} is ${status}: wait until it is ACTIVE`);
  } catch (error) {
    const { error: name, reason } = describe(error);
    const gone = `${tableName} is not there: restore a backup of it under this name, or deploy again`;
    findings.fault(
      'table',
      name === 'ResourceNotFoundException' ? gone : `${tableName} cannot be described: ${reason}`,
    );
  }
}
