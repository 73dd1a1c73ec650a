import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { isDeepStrictEqual, promisify } from 'node:util';
import type { TableProperties } from '../../local/config';
import { startParameterStore } from '../../local/services/parameter-store';
import { startTable } from '../../local/services/table';
import { newFileUpload } from '../../tests/helpers/events';
import { delivery, signRequest } from '../../tests/helpers/lambda';
import { startTestRun } from '../../tests/helpers/local';
import type { Template } from '../../tests/helpers/packaged';
import { parse, verify } from '../../lib/signing/signature';
import { fetchNode, MAJORS, type Major } from '../node-majors';

/** What is packaged of one function: its zip, and what the template says of it. */
interface Packaged {
  readonly folder: string;
  readonly handler: string;
  readonly env: Readonly<Record<string, string>>;
  readonly milliseconds: number;
}

interface Declared {
  readonly FunctionName: string;
  readonly Handler: string;
  readonly Timeout: number;
  readonly Environment: { readonly Variables: Readonly<Record<string, string>> };
}

/**
 * Runs the zips of a package, unpacked, on Lambda's Node majors, with the environment that the template gives them, against
 * an embedded table made of the template and a local parameter store. Their answers and rows are to be those of
 * `npm start`, but for times and what is random.
 *
 * @param packages folders with a `.serverless` and its template; the first one that has a function, or the table, counts
 * @returns what ran, on which Node of Lambda's it could not, and what was otherwise
 */
export async function runZips(
  packages: readonly { readonly directory: string; readonly template: Template }[],
  python: string,
) {
  const nodes = await Promise.all(MAJORS.map(nodeOrOurs));
  const scratch = await mkdtemp(join(tmpdir(), 'vod-client-upload-zips-'));
  const local = await startTestRun();
  const { vodSecretId: secretId, vodSecretKey: secretKey, sealKey, callbackToken } = local.secrets;
  const values = {
    VOD_KEY_PARAMETER: JSON.stringify({ secretId, secretKey }),
    VOD_API_KEY_PARAMETER: JSON.stringify({ secretId, secretKey }),
    SEAL_KEY_PARAMETER: sealKey,
    CALLBACK_TOKEN_PARAMETER: callbackToken,
  };
  const store = await startParameterStore([]);
  const table = await startTable({ port: 0 });
  try {
    const functions = new Map<string, Packaged>();
    for (const { directory, template } of packages) {
      for (const { Type: type, Properties: properties } of Object.values(template.Resources)) {
        if (type === 'AWS::SSM::Parameter')
          store.parameters.set(String(properties['Name']), String(properties['Value']));
        if (type !== 'AWS::Lambda::Function') continue;
        const declared = properties as unknown as Declared;
        const name = declared.FunctionName.replace(/.*-/, '');
        if (functions.has(name)) continue;
        const folder = join(scratch, name);
        await promisify(execFile)(python, ['-m', 'zipfile', '-e', join(directory, `.serverless/${name}.zip`), folder]);
        const env: Record<string, string> = { ...declared.Environment.Variables };
        for (const [variable, value] of Object.entries(values))
          if (env[variable]) store.parameters.set(env[variable], value);
        if (env['VOD_API_URL']) env['VOD_API_URL'] = local.vod.url;
        functions.set(name, { folder, handler: declared.Handler, env, milliseconds: declared.Timeout * 1000 });
      }
    }
    const properties = packages[0]?.template.Resources['UploadsTable']?.Properties;
    await table.create(properties as unknown as TableProperties);

    const aws = {
      AWS_REGION: 'ap-southeast-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_SESSION_TOKEN: 'local',
      AWS_ENDPOINT_URL_DYNAMODB: table.url,
      AWS_ENDPOINT_URL_SSM: store.url,
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    };
    const problems: string[] = [];
    const ran: string[] = [];
    const atHome = async (name: string, event: object): Promise<unknown> => {
      const outcome = await local.functions.invoke(name, event);
      if (outcome === 'failed')
        throw new Error(`Cannot compare ${name}: the local run's fails: ${local.lines.at(-1) ?? ''}`);
      return JSON.parse(outcome.json);
    };
    /** Answers what the local run does, when both do the same. */
    async function same(
      name: string,
      major: string,
      node: string,
      event: object,
      comparable = (answer: unknown) => answer,
    ) {
      const packaged = functions.get(name);
      if (!packaged) throw new Error(`Cannot run ${name}: there is no zip of it`);
      const here = await atHome(name, event);
      const { answer: there, log } = await invoke(node, packaged, aws, event);
      ran.push(`${name} on ${major}`);
      if (isDeepStrictEqual(comparable(here), comparable(there))) return here;
      const both = `answers ${JSON.stringify(there)}, and the local run ${JSON.stringify(here)}`;
      problems.push(`${name} on Node ${major} ${both}. It logs ${log}`);
      return here;
    }

    for (const [at, { major, node }] of nodes.entries()) {
      const timeless = (answer: unknown) => withoutTime(answer as Answer, secretKey);
      const signed = await same('uploadSignature', major, node, signRequest({ sourceContext: 'order=7' }), timeless);
      await same('uploadSignature', major, node, signRequest({ vodSubAppId: 1 }));
      const { sourceContext = '' } = parse(signatureOf(signed as Answer)).parameters;
      const event = newFileUpload({ fileId: `387702301${at}`, sourceContext });
      const query = `token=${encodeURIComponent(callbackToken)}`;
      await same('vodEvents', major, node, delivery(event, { query, base64: true }));
      await same('vodEvents', major, node, delivery(event, { query: 'token=wrong' }));
      await same('pullEvents', major, node, {}); // of an empty queue
      await same('reconcile', major, node, {});
    }
    const rows = (await table.rows()).map(withoutReceipt).sort(byFile);
    const wanted = (await local.table.rows()).map(withoutReceipt).sort(byFile);
    const known = wanted.every((row) => row['uploader'] === 'user-42' && row['sourceContext'] === 'order=7');
    if (wanted.length !== MAJORS.length || !known || !isDeepStrictEqual(rows, wanted)) {
      problems.push(`The zips wrote ${JSON.stringify(rows)}, and the local run ${JSON.stringify(wanted)}`);
    }
    const skipped = nodes.flatMap((node) => node.skipped ?? []);
    return { ran: [...new Set(ran)], skipped, problems };
  } finally {
    await Promise.all([local.stop(), store.close(), table.stop()]);
    await rm(scratch, { recursive: true });
  }
}

interface Node {
  readonly major: string;
  readonly node: string;
  /** Why it is not Lambda's. */
  readonly skipped?: string;
}

/** Lambda's, or where it cannot be fetched the one that runs this. */
async function nodeOrOurs(major: Major): Promise<Node> {
  try {
    return { major: String(major), node: await fetchNode(major) };
  } catch (error) {
    const skipped = `${process.version} ran them INSTEAD OF ${major} (${String(error)})`;
    return { major: `${process.version} INSTEAD OF ${major}`, node: process.execPath, skipped };
  }
}

async function invoke(node: string, { folder, handler, env, milliseconds }: Packaged, aws: object, event: object) {
  const args = [join(__dirname, 'host.js'), folder, handler, String(milliseconds)];
  const child = spawn(node, args, {
    env: { ...env, ...aws },
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    timeout: milliseconds,
  });
  const [stdin, ...outputs] = child.stdio as unknown as [Writable, ...Readable[]];
  stdin.end(JSON.stringify(event));
  const [ended, log = '', errors = '', answer = ''] = await Promise.all([once(child, 'close'), ...outputs.map(text)]);
  const [code] = ended as [number | null];
  if (code !== 0) throw new Error(`Cannot call ${handler} on ${node}: ${log}${errors}`);
  return { answer: JSON.parse(answer) as unknown, log };
}

interface Answer {
  readonly body: string;
}

const signatureOf = ({ body }: Answer) => (JSON.parse(body) as { signature: string }).signature;

/** A signature answer without what differs from call to call, and whether it is VOD's to believe. */
function withoutTime(answer: Answer, secretKey: string): object {
  const signature = signatureOf(answer);
  const { expireTime, currentTimeStamp, random, ...parameters } = parse(signature).parameters;
  const { expireTime: told, ...body } = JSON.parse(answer.body) as Record<string, unknown>;
  const lives = Number(expireTime) - Number(currentTimeStamp);
  const isRandom = /^\d+$/.test(random ?? '');
  const isTold = String(told) === expireTime;
  return { ...answer, body: { ...body, signature: verify(signature, secretKey) }, parameters, lives, isRandom, isTold };
}

function withoutReceipt({
  firstSeenAt: _first,
  updatedAt: _last,
  confirmedAt: _confirmed,
  ...row
}: Record<string, unknown>) {
  return row;
}

function byFile(one: Record<string, unknown>, other: Record<string, unknown>): number {
  return String(one['fileId']).localeCompare(String(other['fileId']));
}
