import { randomInt } from 'node:crypto';
import { optional } from '../../lib/platform/env';
import { describe } from '../../lib/platform/log';
import { postCallback, shown, type CallbackAnswer } from '../callback/request';
import {
  DEPLOYMENT_OPTIONS,
  DEPLOYMENT_USAGE,
  readArgs,
  UsageError,
  webhookOption,
  type Command,
  type CommandContext,
} from '../command-line/command';
import { deploymentOf, type DeploymentOptions } from '../deployment/deployment';
import { secretsOf } from '../deployment/secrets';
import { cleanSecret } from '../secrets/clean-secret';
import { formatCurrent, formatLegacy, TEST_EVENTS, type TestEventFields, type TestEventType } from '../callback/test-events';

/** How much of an answer is printed, in characters. */
const MAX_PRINTED = 2000;

const TASK_STATUSES = ['FINISH', 'PROCESSING'] as const;

const TEXT = { type: 'string' } as const;
const OPTIONS = {
  ...DEPLOYMENT_OPTIONS,
  url: TEXT,
  format: { type: 'string', default: '3.0' },
  'file-id': TEXT,
  'task-id': TEXT,
  status: { type: 'string', default: 'FINISH' },
  failed: { type: 'boolean', default: false },
  name: TEXT,
  'media-url': TEXT,
  'source-context': TEXT,
  'session-context': TEXT,
} as const;

export const send: Command = {
  summary: 'send one test callback to a webhook, as VOD would send it',
  usage: `send <event> [options]

Posts one event and prints the answer: ${TEST_EVENTS.slice(0, -1).join(', ')} or
${TEST_EVENTS.at(-1) ?? ''}. To the webhook it is a real event: it makes a row, or makes the service ask VOD about the
row of an existing file. Exit code 1 when the answer is not 2xx.

  --url <url>               to this URL as it is, with Sign and T when VOD_CALLBACK_SIGN_KEY is set; with --stage or
                            --local too, with that deployment's token and SignKey
                            without --url: to the deployment's own webhook
  --format <3.0|2.0>        of VOD's two formats (3.0)
  --file-id <id>            1 to 40 digits; default: random
  --task-id <id>            of the task; of NewFileUpload the procedure that it started
  --status <status>         of ProcedureStateChanged and ReviewAudioVideoComplete: FINISH or PROCESSING (FINISH)
  --failed                  the task, or the pull, failed
  --name <text>             of the file
  --media-url <url>         of the file
  --source-context <text>   of NewFileUpload and PullComplete, as it is; \`sign --caller\` makes a sealed one
  --session-context <text>  of ProcedureStateChanged and PullComplete
${DEPLOYMENT_USAGE}`,

  run: async (args, context) => {
    const { values, positionals } = readArgs({ args, options: OPTIONS, allowPositionals: true });
    const type = TEST_EVENTS.find((event) => event === positionals[0]);
    if (!type || positionals.length > 1) throw new UsageError(`send takes one of: ${TEST_EVENTS.join(', ')}`);
    webhookOption(values.url, 'PUSH');
    const fields = readFields(type, values, context.now());
    const event = formatEvent(type, values.format, fields);
    const target = await targetOf(values.url, values, context);
    const answer = await postCallback(target.url, event, target, context.now()).catch((error: unknown) => {
      throw new Error(`Cannot send to ${shown(target.url)}: ${describe(error).reason}`);
    });
    context.out(`${type} ${values.format} of file ${fields.fileId} to ${shown(target.url)}`);
    for (const line of describeAnswer(answer)) context.out(line);
    return answer.status >= 200 && answer.status < 300 ? 0 : 1;
  },
};

interface FieldOptions {
  readonly 'file-id'?: string | undefined;
  readonly 'task-id'?: string | undefined;
  readonly status: string;
  readonly failed: boolean;
  readonly name?: string | undefined;
  readonly 'media-url'?: string | undefined;
  readonly 'source-context'?: string | undefined;
  readonly 'session-context'?: string | undefined;
}

/** @throws UsageError */
function readFields(type: TestEventType, values: FieldOptions, now: number): TestEventFields {
  const status = TASK_STATUSES.find((known) => known === values.status);
  if (!status) throw new UsageError(`--status must be one of: ${TASK_STATUSES.join(', ')}`);
  // Real ids have 19 digits and begin with these.
  const fileId = values['file-id'] ?? `5285890${String(randomInt(1e12)).padStart(12, '0')}`;
  if (!/^\d{1,40}$/.test(fileId)) throw new UsageError('--file-id must be 1 to 40 digits');
  return {
    fileId,
    taskId: values['task-id'] ?? (type === 'NewFileUpload' ? '' : `${fileId.slice(-10)}-procedurev2-cli`),
    status,
    failed: values.failed,
    name: values.name ?? 'cli',
    mediaUrl: values['media-url'] ?? `http://1500000001.vod2.myqcloud.com/cli/${fileId}/f0.mp4`,
    sourceContext: values['source-context'] ?? '',
    sessionContext: values['session-context'] ?? '',
    createTime: new Date(now).toISOString().replace(/\.\d+/, ''),
  };
}

/** @throws UsageError */
function formatEvent(type: TestEventType, format: string, fields: TestEventFields): object {
  if (format === '3.0') return formatCurrent(type, fields);
  if (format !== '2.0') throw new UsageError('--format must be one of: 3.0, 2.0');
  if (type === 'ReviewAudioVideoComplete') throw new UsageError(`${type} exists in format 3.0 only`);
  return formatLegacy(type, fields);
}

/** The status with the beginning of the body, and what of the body is missing. */
function describeAnswer({ status, text, cut }: CallbackAnswer): string[] {
  const reasons = [
    ...(text.length > MAX_PRINTED ? [`its first ${MAX_PRINTED} characters are shown`] : []),
    ...(cut === undefined ? [] : [cut]),
  ];
  return [
    `${status} ${text.slice(0, MAX_PRINTED)}`,
    ...(reasons.length === 0 ? [] : [`The answer is not complete here: ${reasons.join(', ')}`]),
  ];
}

async function targetOf(url: string | undefined, options: DeploymentOptions, context: CommandContext) {
  if (url !== undefined && !options.local && options.stage === undefined) {
    const signKey = optional(context.env, 'VOD_CALLBACK_SIGN_KEY');
    return { url, signKey: signKey && cleanSecret('VOD_CALLBACK_SIGN_KEY', signKey) };
  }
  const deployment = await deploymentOf(options, context);
  const secrets = await secretsOf(deployment);
  const { callbackToken, callbackSignKey } = deployment.parameters;
  const [token] = callbackToken === undefined ? [] : secrets.parseSecretVersions(callbackToken);
  const [signKey] = callbackSignKey === undefined ? [] : secrets.parseSecretVersions(callbackSignKey);
  const { webhookUrl } = url === undefined ? await deployment.outputs() : { webhookUrl: url };
  if (webhookUrl === undefined) {
    throw new Error('Cannot send: this deployment pulls its events, give the --url of another webhook');
  }
  return { url: webhookUrl, token, signKey };
}
