import { describe } from '../../lib/platform/log';
import { splitToken } from '../callback/url';
import type { Deployment, Outputs } from '../deployment/deployment';
import { loadState, type Registered } from '../deployment/state';
import { isBusy } from '../refusals';
import type { Findings } from './findings';

export const REGISTER = 'run `npm run vod -- register`';
export const AS_GIVEN = ', as given by --url';

export async function checkStack(deployment: Deployment, findings: Findings): Promise<Outputs | undefined> {
  try {
    const outputs = await deployment.outputs();
    const { webhookUrl } = outputs;
    const eventPath =
      webhookUrl === undefined ? 'events are pulled by its function pullEvents' : `events go to ${webhookUrl}`;
    findings.ok('stack', `${deployment.name}, ${eventPath}`);
    return outputs;
  } catch (error) {
    const { cause, message } = error as Error;
    if (isBusy(cause)) findings.notChecked(['stack'], message);
    else findings.fault('stack', message);
    return undefined;
  }
}

/** The last registration, or why it cannot be read. */
export interface SavedRegistration {
  readonly registered?: Registered | undefined;
  readonly unreadable?: string;
}

export async function loadRegistration(deployment: Deployment): Promise<SavedRegistration> {
  const { ssm, parameters, registeredAtStart } = deployment;
  try {
    return { registered: (await loadState<Registered>(ssm, parameters.registered)) ?? registeredAtStart };
  } catch (error) {
    return { unreadable: describe(error).reason };
  }
}

/** The webhook that VOD is expected to call. */
export interface Webhook {
  /** Without the token, as {@link splitToken} returns it. */
  readonly url: string;
  /** Where the URL comes from, if not from the stack. */
  readonly source: string;
  /** The command that makes VOD call it. */
  readonly register: string;
}

/** @param givenUrl `--url`, which wins over the last registration and the stack */
export function expectedWebhook(
  outputs: Outputs | undefined,
  { registered }: SavedRegistration,
  givenUrl: string | undefined,
): Webhook | undefined {
  const stackUrl = outputs?.webhookUrl === undefined ? undefined : new URL(outputs.webhookUrl).href;
  const other = (callback: string, source: string): Webhook => {
    const { url } = splitToken(callback);
    if (url === stackUrl) return stackWebhook(stackUrl);
    if (stackUrl !== undefined && isFormerStackUrl(url, stackUrl)) return stackWebhook(stackUrl);
    return { url, source, register: `run \`npm run vod -- register --url ${url}\`` };
  };
  if (givenUrl !== undefined) return other(givenUrl, AS_GIVEN);
  if (stackUrl === undefined) return undefined;
  if (registered?.mode === 'PUSH' && registered.url !== '') {
    return other(registered.url, `, as registered ${registered.at}; the stack's own is ${stackUrl}`);
  }
  return stackWebhook(stackUrl);
}

/** Whether it was the stack's URL before EVENTS_ENDPOINT changed: each kind of URL excludes the other, and a function URL is never the same again. */
function isFormerStackUrl(url: string, stackUrl: string): boolean {
  const kindOf = (one: string) => /\.(execute-api|lambda-url)\.[\w.-]+$/.exec(new URL(one).host)?.[1];
  const kind = kindOf(url);
  return kind !== undefined && (kind !== kindOf(stackUrl) || kind === 'lambda-url');
}

export function stackWebhook(url: string): Webhook {
  return { url, source: '', register: REGISTER };
}
