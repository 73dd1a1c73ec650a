import { text } from 'node:stream/consumers';
import { cloudFormation, vod } from './cli';
import { serve } from '../serve';
import { until } from '../vod/vod-client';

/** `npm run vod -- listen` while it runs. */
export interface Listening {
  readonly out: readonly string[];
  readonly err: readonly string[];
  /** Resolves to the exit code when the command has ended by itself. */
  readonly ended: Promise<number>;
  /** Ends it as Ctrl-C does; resolves to the exit code. */
  readonly stop: () => Promise<number>;
}

/** Starts the command in this process, and waits for its `ready` or its end. */
export async function startListening(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Listening> {
  const interruption = new AbortController();
  const out: string[] = [];
  const err: string[] = [];
  let hasEnded = false;
  const ended = vod(['listen', ...args], env, {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    takeOverInterruptions: () => interruption.signal,
  }).then(({ code }) => {
    hasEnded = true;
    return code;
  });
  await until(() => hasEnded || out.some((line) => line.startsWith('ready')));
  const stop = () => {
    interruption.abort();
    return ended;
  };
  return { out, err, ended, stop };
}

/** A response of AWS: a body, or the name of an error. */
export type AwsAnswer = object | string;

/** The responses of a stub, by action; `input` is the request's body. */
export type AwsActions = Record<string, (input: Readonly<Record<string, string>>) => AwsAnswer>;

const TABLE = 'vod-client-upload-dev-uploads';
export const STREAM_ARN = `arn:aws:dynamodb:ap-southeast-1:111122223333:table/${TABLE}/stream/2026-11-22T08:00:00.000`;

/**
 * AWS over HTTP, for a stack `vod-client-upload-dev`: the actions of JSON protocols that are given, and Lambda's
 * ListEventSourceMappings.
 */
export async function startAws(actions: AwsActions) {
  const outputs = {
    UploadsTableName: TABLE,
    UploadsTableStreamArn: STREAM_ARN,
    VodEventsUrl: 'https://x.example/vod-events',
  };
  const stack = cloudFormation(() => 'vod-client-upload-dev', outputs);
  return serve((request, response) => {
    const { 'x-amz-target': target } = request.headers;
    const isLambda = request.url?.startsWith('/2015-03-31/event-source-mappings') === true;
    if (target === undefined && !isLambda) {
      stack(request, response);
      return;
    }
    const action = isLambda ? 'ListEventSourceMappings' : String(target).replace(/^.*\./, '');
    void text(request).then((body) => {
      const input = (body === '' ? {} : JSON.parse(body)) as Record<string, string>;
      const result = actions[action]?.(input) ?? {};
      const isError = typeof result === 'string';
      const headers = { 'content-type': 'application/x-amz-json-1.0', ...(isError && { 'x-amzn-errortype': result }) };
      response.writeHead(isError ? 400 : 200, headers);
      response.end(JSON.stringify(isError ? { __type: result, message: 'a message of AWS' } : result));
    });
  });
}
