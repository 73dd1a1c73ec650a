import { randomInt } from 'node:crypto';
import { optional } from '../../lib/platform/env';
import { describe } from '../../lib/platform/log';
import { postCallback, type CallbackResponse } from '../callback/request';
import { displayUrl } from '../callback/url';
import { defineCommand } from '../command-line/command';
import type { CommandContext } from '../command-line/context';
import type { OptionTable, OptionValues } from '../command-line/options';
import { UsageError } from '../command-line/usage-error';
import { parseWebhookUrl } from '../command-line/webhook-url';
import { findDeployment, type DeploymentOptions } from '../deployment/find-deployment';
import { secretsOf } from '../deployment/secrets';
import { cleanSecret } from '../secrets/clean-secret';
import {
  formatCurrent,
  formatLegacy,
  TEST_EVENTS,
  type TestEventFields,
  type TestEventType,
} from '../callback/test-events';

/** How much of a response body is printed, in characters. */
const MAX_PRINTED = 2000;

const FORMATS = ['3.0', '2.0'] as const;

const OPTIONS = {
  url: {
    value: 'url',
    description: `post to this URL, with Sign and T if VOD_CALLBACK_SIGN_KEY is set; with --stage or --local too, with that
      deployment's token and SignKey. Default: the deployment's webhook`,
  },
  format: { value: 'format', description: "VOD's format", choices: FORMATS, default: '3.0' },
  'file-id': { value: 'id', description: '1 to 40 digits. Default: random' },
  'task-id': {
    value: 'id',
    description: 'id of the task; for NewFileUpload, of the procedure that the upload started',
  },
  status: {
    value: 'status',
    description: 'status of the task, for ProcedureStateChanged and ReviewAudioVideoComplete',
    choices: ['FINISH', 'PROCESSING'],
    default: 'FINISH',
  },
  failed: { description: 'the task, or the pull, failed' },
  name: { value: 'text', description: 'name of the file' },
  'media-url': { value: 'url', description: 'URL of the file' },
  'source-context': {
    value: 'text',
    description:
      'source context for NewFileUpload and PullComplete, sent unchanged; `sign --caller` creates a sealed one',
  },
  'session-context': { value: 'text', description: 'session context, for ProcedureStateChanged and PullComplete' },
} as const satisfies OptionTable;

export const send = defineCommand({
  name: 'send',
  summary: 'send a test callback to a webhook, as VOD sends it',
  description: `
    Posts one event and prints the response. For the webhook it is a real event: it makes a row, or makes the service query
    VOD about the row of an existing file. Exit code 1 if the status is not 2xx.`,
  args: { event: { description: 'its type', choices: TEST_EVENTS } },
  options: OPTIONS,

  run: async ({ options, args: { event: type } }, context) => {
    parseWebhookUrl(options.url, 'PUSH');
    const fields = eventFields(type, options, context.now());
    const event = formatEvent(type, options.format, fields);
    const target = await resolveTarget(options.url, options, context);
    const response = await postCallback(target.url, event, target, context.now()).catch((error: unknown) => {
      throw new Error(`Cannot send to ${displayUrl(target.url)}: ${describe(error).reason}`);
    });
    context.out(`${type} ${options.format} of file ${fields.fileId} to ${displayUrl(target.url)}`);
    for (const line of describeResponse(response)) context.out(line);
    return response.status >= 200 && response.status < 300 ? 0 : 1;
  },
});

/** @throws UsageError */
function eventFields(type: TestEventType, options: OptionValues<typeof OPTIONS>, now: number): TestEventFields {
  // Real ids have 19 digits and begin with these.
  const fileId = options['file-id'] ?? `5285890${String(randomInt(1e12)).padStart(12, '0')}`;
  if (!/^\d{1,40}$/.test(fileId)) throw new UsageError('--file-id must be 1 to 40 digits');
  return {
    fileId,
    taskId: options['task-id'] ?? (type === 'NewFileUpload' ? '' : `${fileId.slice(-10)}-procedurev2-cli`),
    status: options.status,
    failed: options.failed,
    name: options.name ?? 'cli',
    mediaUrl: options['media-url'] ?? `http://1500000001.vod2.myqcloud.com/cli/${fileId}/f0.mp4`,
    sourceContext: options['source-context'] ?? '',
    sessionContext: options['session-context'] ?? '',
    createTime: new Date(now).toISOString().replace(/\.\d+/, ''),
  };
}

/** @throws UsageError */
function formatEvent(type: TestEventType, format: (typeof FORMATS)[number], fields: TestEventFields): object {
  if (format === '3.0') return formatCurrent(type, fields);
  if (type === 'ReviewAudioVideoComplete') throw new UsageError(`${type} exists in format 3.0 only`);
  return formatLegacy(type, fields);
}

/** Formats the status with the beginning of the body, and why the body is not complete. */
function describeResponse({ status, text, cut }: CallbackResponse): string[] {
  const reasons = [
    ...(text.length > MAX_PRINTED ? [`its first ${MAX_PRINTED} characters are shown`] : []),
    ...(cut === undefined ? [] : [cut]),
  ];
  return [
    `${status} ${text.slice(0, MAX_PRINTED)}`,
    ...(reasons.length === 0 ? [] : [`The response is not shown completely: ${reasons.join(', ')}`]),
  ];
}

async function resolveTarget(url: string | undefined, options: DeploymentOptions, context: CommandContext) {
  if (url !== undefined && !options.local && options.stage === undefined) {
    const signKey = optional(context.env, 'VOD_CALLBACK_SIGN_KEY');
    return { url, signKey: signKey && cleanSecret('VOD_CALLBACK_SIGN_KEY', signKey) };
  }
  const deployment = await findDeployment(options, context);
  const secrets = await secretsOf(deployment);
  const { callbackToken, callbackSignKey } = deployment.parameters;
  const [token] = callbackToken === undefined ? [] : secrets.parseSecretVersions(callbackToken);
  const [signKey] = callbackSignKey === undefined ? [] : secrets.parseSecretVersions(callbackSignKey);
  const { webhookUrl } = url === undefined ? await deployment.outputs() : { webhookUrl: url };
  if (webhookUrl === undefined) {
    const cause = 'EVENT_MODE is pull, so this deployment has no webhook';
    throw new Error(`Cannot send: ${cause}: give the URL of one with --url`);
  }
  return { url: webhookUrl, token, signKey };
}
