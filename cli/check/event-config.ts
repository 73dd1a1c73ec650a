import { displayUrl, splitToken } from '../callback/url';
import type { Deployment } from '../deployment/deployment';
import { fingerprint, type Registered } from '../deployment/state';
import type { vodClient } from '../vod/client';
import type { Check, Findings } from './findings';
import type { Secrets } from './secrets';
import { REGISTER, type SavedRegistration, type Webhook } from './stack';

export type EventConfig = Awaited<ReturnType<ReturnType<typeof vodClient>['DescribeEventConfig']>>;

export interface EventConfigInput {
  readonly config: EventConfig;
  readonly deployment: Deployment;
  readonly webhook: Webhook | undefined;
  readonly secrets: Secrets;
  readonly saved: SavedRegistration;
}

/** Compares VOD's event configuration with the deployment. */
export function checkEventConfig(input: EventConfigInput, findings: Findings): void {
  const { config, deployment, webhook } = input;
  const { mode } = deployment;
  const { register = REGISTER } = webhook ?? {};
  if (config.Mode === mode) findings.ok('mode', mode);
  else {
    const difference = `VOD's mode is ${config.Mode ?? 'not set'}, but EVENT_MODE is ${mode.toLowerCase()}`;
    findings.fault('mode', `${difference}: ${register}`);
  }
  const checkSwitch = (check: Check, name: string, value: string | undefined) => {
    if (value === 'ON') findings.ok(check, 'ON');
    else findings.fault(check, `VOD sends no events of ${name} (${value ?? 'OFF'}, the default): ${register}`);
  };
  checkSwitch('upload-switch', 'uploads', config.UploadMediaCompleteEventSwitch);
  checkSwitch('delete-switch', 'deletions', config.DeleteMediaCompleteEventSwitch);
  checkUrl(input, findings);
  checkSignKey(input, findings);
}

function checkUrl({ config, deployment, webhook, secrets }: EventConfigInput, findings: Findings): void {
  const { callbackToken, callbackSignKey } = deployment.parameters;
  const { url, token } = splitToken(config.NotificationUrl ?? '');
  const callbackChecks: Check[] = [
    'callback-url',
    ...(callbackToken === undefined ? [] : (['callback-token'] as const)),
    ...(callbackSignKey === undefined ? [] : (['sign-key'] as const)),
  ];
  if (deployment.mode === 'PULL') {
    findings.notChecked(callbackChecks, 'not used: EVENT_MODE is pull');
    return;
  }
  if (webhook === undefined) {
    findings.notChecked(callbackChecks, 'requires the stack, see "stack"');
    return;
  }
  const { register, source } = webhook;
  if (url === webhook.url) {
    findings.ok('callback-url', `${url}${source}`);
    if (callbackToken !== undefined) checkToken(token, callbackToken, secrets.tokens, register, findings);
    return;
  }
  const difference = url === '' ? 'VOD has none' : `VOD calls ${displayUrl(url)}, not ${webhook.url}${source}`;
  findings.fault('callback-url', `${difference}: ${register}`);
  if (callbackToken !== undefined)
    findings.notChecked(['callback-token'], 'requires the right callback URL, see "callback-url"');
}

function checkToken(
  token: string | null,
  name: string,
  tokens: readonly string[] | undefined,
  register: string,
  findings: Findings,
): void {
  if (!tokens) {
    findings.notChecked(['callback-token'], `${name} must contain a token first`);
  } else if (token !== null && tokens.includes(token)) {
    const old = token === tokens[0] ? '' : `, the old one: ${register} before you drop it`;
    findings.ok('callback-token', `${fingerprint(token)}${old}`);
  } else {
    const has = token === null ? 'no token' : `the token ${fingerprint(token)}`;
    findings.fault('callback-token', `VOD calls with ${has}, not ${fingerprint(tokens[0] ?? '')}: ${register}`);
  }
}

function checkSignKey({ deployment, webhook, secrets, saved }: EventConfigInput, findings: Findings): void {
  const { callbackSignKey } = deployment.parameters;
  const { registered, unreadable } = saved;
  if (unreadable !== undefined) {
    findings.fault('drift', unreadable);
    if (callbackSignKey !== undefined)
      findings.notChecked(['sign-key'], 'the last registration cannot be read, see "drift"');
    return;
  }
  if (callbackSignKey === undefined || deployment.mode === 'PULL' || !webhook) return;
  const { register } = webhook;
  const { signKeys } = secrets;
  if (!signKeys) {
    findings.notChecked(['sign-key'], `${callbackSignKey} must contain a SignKey first`);
    return;
  }
  const registeredKey = registered?.signKeyFingerprint;
  const fingerprints = signKeys.map(fingerprint);
  if (registeredKey === undefined) {
    const reason = 'none was registered with this command, and VOD does not report its own';
    findings.fault('sign-key', `${reason}: ${register}`);
  } else if (fingerprints.includes(registeredKey)) {
    const old = fingerprints[0] === registeredKey ? '' : `, the old one: ${register} before you drop it`;
    findings.ok('sign-key', `${registeredKey}, registered ${registered?.at ?? ''}${old}`);
  } else {
    const difference = `VOD was given ${registeredKey} (${registered?.at ?? ''}), SSM has ${fingerprints[0] ?? ''}`;
    findings.fault('sign-key', `${difference}: ${register}`);
  }
}

/** Checks whether VOD's configuration was changed by other means: then the SignKey, which VOD does not report, may differ too. */
export function checkDrift(
  config: EventConfig,
  registered: Registered | undefined,
  register: string,
  { signKeys }: Secrets,
  findings: Findings,
): void {
  if (!registered) {
    findings.notChecked(['drift'], 'nothing was registered with this command yet');
    return;
  }
  const { url, token } = splitToken(config.NotificationUrl ?? '');
  const tokenFingerprint = token === null ? undefined : fingerprint(token);
  const changed = [
    config.Mode === registered.mode ? [] : 'mode',
    url === registered.url ? [] : 'URL',
    tokenFingerprint === registered.tokenFingerprint ? [] : 'token',
    config.UploadMediaCompleteEventSwitch === 'ON' ? [] : 'uploads',
    config.DeleteMediaCompleteEventSwitch === 'ON' ? [] : 'deletions',
  ].flat();
  const others = ['mode', 'callback-url', 'callback-token', 'upload-switch', 'delete-switch'] as const;
  const isReported = others.some((check) => findings.isFault(check));
  const change = `${changed.join(', ')} changed at VOD since ${registered.at}, not by this command`;
  const match = 'the values match this deployment';
  if (changed.length === 0) findings.ok('drift', `as registered ${registered.at}`);
  else if (isReported) findings.notChecked(['drift'], change);
  else if (!signKeys || findings.isFault('sign-key')) findings.ok('drift', `${change}; ${match}`);
  else findings.fault('drift', `${change}; ${match}, but the SignKey may have changed too: ${register}`);
}
