import { randomInt } from 'node:crypto';
import { optional } from '../lib/platform/env';
import { postCallback, shown } from './callback-request';
import {
  DEPLOYMENT_OPTIONS,
  DEPLOYMENT_USAGE,
  readArgs,
  UsageError,
  webhookOption,
  type Edge,
  type Verb,
} from './command';
import { deploymentOf, secretsOf, type DeploymentOptions } from './deployment';

const EVENTS = ['NewFileUpload', 'ProcedureStateChanged', 'FileDeleted', 'PullComplete'] as const;
type EventType = (typeof EVENTS)[number];

export const send: Verb = {
  summary: 'one test callback to a webhook, as VOD would send it',
  usage: `send <event> [options]

Posts one event, ${EVENTS.join(', ')}, and shows the answer.
It is a real event to the webhook: use a --file-id of your own, or a row of a real file changes. Exit code 1 when the answer
is no 2xx.

  --url <url>               to this URL as it stands, with Sign and T when VOD_CALLBACK_SIGN_KEY is set; with --stage or
                            --local too, with that deployment's token and SignKey
                            without --url: to the deployment's own webhook
  --format <3.0|2.0>        of VOD's two formats (3.0)
  --file-id <id>            made up
  --task-id <id>            of ProcedureStateChanged and PullComplete; of NewFileUpload the procedure that it started
  --status <status>         of ProcedureStateChanged: FINISH or PROCESSING (FINISH)
  --failed                  the task, or the pull, failed
  --name <text>             of the file
  --media-url <url>         of the file
  --source-context <text>   of NewFileUpload and PullComplete; as it stands, \`sign --caller\` shows a sealed one
  --session-context <text>  of ProcedureStateChanged and PullComplete
${DEPLOYMENT_USAGE}`,

  run: async (args, edge) => {
    const text = { type: 'string' } as const;
    const { values, positionals } = readArgs({
      args,
      options: {
        ...DEPLOYMENT_OPTIONS,
        url: text,
        format: { type: 'string', default: '3.0' },
        'file-id': text,
        'task-id': text,
        status: { type: 'string', default: 'FINISH' },
        failed: { type: 'boolean', default: false },
        name: text,
        'media-url': text,
        'source-context': text,
        'session-context': text,
      },
      allowPositionals: true,
    });
    const { url, format, status } = values;
    const type = EVENTS.find((event) => event === positionals[0]);
    if (!type || positionals.length > 1) throw new UsageError(`send takes one event of ${EVENTS.join(', ')}`);
    if (format !== '3.0' && format !== '2.0') throw new UsageError('--format must be 3.0 or 2.0');
    if (status !== 'FINISH' && status !== 'PROCESSING') throw new UsageError('--status must be FINISH or PROCESSING');
    webhookOption(url, 'PUSH');
    // Real ids have 19 digits and begin so.
    const fileId = values['file-id'] ?? `5285890${String(randomInt(1e12)).padStart(12, '0')}`;
    const facts: Facts = {
      fileId,
      taskId: values['task-id'] ?? (type === 'NewFileUpload' ? '' : `${fileId.slice(-10)}-procedurev2-cli`),
      status,
      failed: values.failed,
      name: values.name ?? 'cli',
      mediaUrl: values['media-url'] ?? `http://1500000001.vod2.myqcloud.com/cli/${fileId}/f0.mp4`,
      sourceContext: values['source-context'] ?? '',
      sessionContext: values['session-context'] ?? '',
      createTime: new Date(edge.now()).toISOString().replace(/\.\d+/, ''),
    };
    const event = format === '3.0' ? current(type, facts) : legacy(type, facts);
    const target = await targetOf(url, values, edge);
    const answer = await postCallback(target.url, event, target, edge.now()).catch((error: unknown) => {
      const { message } = error as Error;
      throw new Error(`Cannot send to ${shown(target.url)}: ${message}`);
    });
    edge.out(`${type} ${format} of file ${fileId} to ${shown(target.url)}`);
    edge.out(`${answer.status} ${answer.text.slice(0, 2000)}`);
    return answer.status >= 200 && answer.status < 300 ? 0 : 1;
  },
};

async function targetOf(url: string | undefined, options: DeploymentOptions, edge: Edge) {
  if (url !== undefined && !options.local && options.stage === undefined) {
    return { url, signKey: optional(edge.env, 'VOD_CALLBACK_SIGN_KEY') };
  }
  const deployment = await deploymentOf(options, edge);
  const secrets = await secretsOf(deployment);
  const { callbackToken, callbackSignKey } = deployment.parameters;
  const [token] = callbackToken === undefined ? [] : secrets.parseSecretVersions(callbackToken);
  const [signKey] = callbackSignKey === undefined ? [] : secrets.parseSecretVersions(callbackSignKey);
  const { webhookUrl } = url === undefined ? await deployment.outputs() : { webhookUrl: url };
  if (webhookUrl === undefined)
    throw new Error('Cannot send: this deployment pulls its events, give the --url of another');
  return { url: webhookUrl, token, signKey };
}

interface Facts {
  readonly fileId: string;
  readonly taskId: string;
  readonly status: 'FINISH' | 'PROCESSING';
  readonly failed: boolean;
  readonly name: string;
  readonly mediaUrl: string;
  readonly sourceContext: string;
  readonly sessionContext: string;
  readonly createTime: string;
}

const FAILURE = { code: 40_000, message: 'Invalid parameter' };

/** Format 3.0: 266/7830, 266/9636, 266/13434, 266/7831. */
function current(type: EventType, facts: Facts): object {
  const { fileId, taskId, status, failed, name, mediaUrl, sourceContext, sessionContext, createTime } = facts;
  const basicInfo = {
    ...{ Name: name, Description: '', CreateTime: createTime, UpdateTime: createTime, Type: 'mp4', MediaUrl: mediaUrl },
    ...{ CoverUrl: '', ClassId: 0, SourceInfo: { SourceType: 'Upload', SourceContext: sourceContext } },
  };
  switch (type) {
    case 'NewFileUpload': {
      const event = { FileId: fileId, MediaBasicInfo: basicInfo, ProcedureTaskId: taskId, ReviewAudioVideoTaskId: '' };
      return { EventType: type, FileUploadEvent: event };
    }
    case 'ProcedureStateChanged': {
      const result = {
        ...{ Status: failed ? 'FAIL' : 'SUCCESS', ErrCode: failed ? FAILURE.code : 0, Input: { Definition: 10 } },
        ...{ Message: failed ? FAILURE.message : '', Output: failed ? null : { Definition: 10, Url: mediaUrl } },
      };
      const event = {
        ...{
          TaskId: taskId,
          Status: status,
          ErrCode: 0,
          Message: '',
          FileId: fileId,
          FileName: name,
          FileUrl: mediaUrl,
        },
        MediaProcessResultSet: status === 'FINISH' ? [{ Type: 'Transcode', TranscodeTask: result }] : [],
        SessionContext: sessionContext,
      };
      return { EventType: type, ProcedureStateChangeEvent: event };
    }
    case 'FileDeleted': {
      const event = { FileIdSet: [fileId], FileDeleteResultInfo: [{ FileId: fileId, DeleteParts: [] }] };
      return { EventType: type, FileDeleteEvent: event };
    }
    case 'PullComplete': {
      const event = {
        ...{ TaskId: taskId, Status: 'FINISH', ErrCode: failed ? FAILURE.code : 0, FileId: failed ? '' : fileId },
        ...{ Message: failed ? FAILURE.message : '', MediaBasicInfo: failed ? null : basicInfo, ProcedureTaskId: '' },
        ...{ FileUrl: failed ? '' : mediaUrl, SessionContext: sessionContext },
      };
      return { EventType: type, PullCompleteEvent: event };
    }
  }
}

/** Format 2.0: the same in the older versions of these documents (266/33796). */
function legacy(type: EventType, facts: Facts): object {
  const { fileId, taskId, status, failed, name, mediaUrl, sourceContext, sessionContext } = facts;
  const { code, message } = failed ? FAILURE : { code: 0, message: '' };
  const data = {
    NewFileUpload: {
      ...{
        status: 0,
        message: '',
        fileId,
        fileName: name,
        fileUrl: mediaUrl,
        sourceType: 'ClientUpload',
        sourceContext,
      },
      ...(taskId && { procedureTaskId: taskId }),
    },
    ProcedureStateChanged: {
      ...{ vodTaskId: taskId, status, errCode: 0, message: '', fileId, sessionContext },
      processTaskList: status === 'FINISH' && [
        {
          ...{ taskType: 'Transcode', status: failed ? 'FAIL' : 'SUCCESS', errCode: code, message },
          ...{ input: { definition: 10 }, output: failed ? null : { definition: 10, url: mediaUrl } },
        },
      ],
    },
    FileDeleted: { status: 0, message: '', fileInfo: [{ fileId }] },
    PullComplete: { status: code, message, vodTaskId: taskId, fileId: failed ? '' : fileId, fileUrl: mediaUrl },
  };
  return { version: '4.0', eventType: type, data: data[type] };
}
