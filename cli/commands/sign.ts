import { randomInt } from 'node:crypto';
import { RequestError } from '../../lib/platform/errors';
import { applyPolicy, type Policy } from '../../lib/signing/policy';
import { omitUndefined } from '../../lib/platform/omit-undefined';
import { parseRequest } from '../../lib/signing/request';
import { MAX_VALIDITY } from '../../lib/vod/schemas';
import { sign as signatureOf } from '../../lib/signing/signature';
import { isCaller, MAX_CALLER_BYTES, maxTextBytes, seal } from '../../lib/vod/source-context';
import {
  DEPLOYMENT_OPTIONS,
  DEPLOYMENT_USAGE,
  integer,
  readArgs,
  UsageError,
  type CommandContext,
  type Command,
} from '../command-line/command';
import { deploymentOf, type Deployment } from '../deployment/deployment';
import { secretsOf } from '../deployment/secrets';

const NOTIFY_MODES: readonly string[] = ['Finish', 'Change', 'None'];

export const sign: Command = {
  summary: "a signature for a person at a terminal, with the deployment's key",
  usage: `sign [options]

Prints an upload signature (266/9221) and nothing else on stdout. The deployment's policy does not apply here, only VOD's own
bounds.

  --caller <name>             the caller that the source context is sealed to; without it the text is signed as it is
  --source-context <text>     comes back in the row
  --one-time                  valid for one upload only
  --valid-for <seconds>       1800, at most ${MAX_VALIDITY}
  --procedure <name>          task flow that runs after the upload
  --task-priority <-10..10>   of the procedure; a negative number needs "=", as in --task-priority=-3
  --task-notify-mode <mode>   Finish, Change or None
  --session-context <text>    passed through to the procedure's events
  --class-id <number>         VOD's category
  --storage-region <region>
  --json                      {"signature", "expireTime", "oneTimeValid"}
${DEPLOYMENT_USAGE}`,

  run: async (args, context) => {
    const text = { type: 'string' } as const;
    const { values } = readArgs({
      args,
      options: {
        ...DEPLOYMENT_OPTIONS,
        caller: text,
        'source-context': text,
        'one-time': { type: 'boolean' },
        'valid-for': text,
        procedure: text,
        'task-priority': text,
        'task-notify-mode': text,
        'session-context': text,
        'class-id': text,
        'storage-region': text,
        json: { type: 'boolean' },
      },
    });
    const { 'task-notify-mode': taskNotifyMode } = values;
    if (taskNotifyMode !== undefined && !NOTIFY_MODES.includes(taskNotifyMode)) {
      throw new UsageError(`--task-notify-mode must be one of: ${NOTIFY_MODES.join(', ')}, not "${taskNotifyMode}"`);
    }
    const request = omitUndefined({
      sourceContext: values['source-context'],
      oneTimeValid: values['one-time'],
      validFor: integer('valid-for', values['valid-for']),
      procedure: values.procedure,
      taskPriority: integer('task-priority', values['task-priority']),
      taskNotifyMode,
      sessionContext: values['session-context'],
      classId: integer('class-id', values['class-id']),
      storageRegion: values['storage-region'],
    });
    const deployment = await deploymentOf(values, context);
    const made = await signFor(deployment, request, values.caller, context);
    context.out(values.json ? JSON.stringify(made) : made.signature);
    context.err(
      `valid until ${new Date(made.expireTime * 1000).toISOString()}; \`npm run vod -- explain ${deployment.options}\` shows what it allows`,
    );
    return 0;
  },
};

async function signFor(deployment: Deployment, options: object, caller: string | undefined, context: CommandContext) {
  const { request, granted } = readRequest(options, deployment.vodSubAppId);
  const { sourceContext: text = '' } = request;
  const hasProcedure = granted.parameters.procedure !== undefined;
  if (caller !== undefined) {
    if (!isCaller(caller)) {
      throw new UsageError(`--caller must have 1 to ${MAX_CALLER_BYTES} bytes that are not all white space`);
    }
    const maxBytes = maxTextBytes(caller, hasProcedure);
    if (Buffer.byteLength(text) > maxBytes) {
      throw new UsageError(`--source-context must have at most ${maxBytes} bytes beside this --caller`);
    }
  }
  const secrets = await secretsOf(deployment);
  const { secretId, secretKey } = secrets.keyPair(deployment.parameters.vodKey);
  const [sealKey] = caller === undefined ? [''] : secrets.parseSecretVersions(deployment.parameters.sealKey);
  const sourceContext = caller === undefined ? request.sourceContext : seal(text, caller, hasProcedure, sealKey);
  const currentTimeStamp = Math.floor(context.now() / 1000);
  const { validFor, oneTimeValid, parameters } = granted;
  const expireTime = currentTimeStamp + validFor;
  const who = {
    secretId,
    currentTimeStamp,
    expireTime,
    random: randomInt(2 ** 32),
    ...omitUndefined({ sourceContext }),
  };
  const signature = signatureOf({ ...parameters, ...who, ...(oneTimeValid && { oneTimeValid: 1 }) }, secretKey);
  return { signature, expireTime, oneTimeValid };
}

/** The request as the service parses it, under a policy that allows everything in it. */
function readRequest(options: object, vodSubAppId: number | undefined) {
  try {
    const request = parseRequest(Buffer.from(JSON.stringify(options)));
    const { procedure } = request;
    const policy: Policy = {
      vodSubAppId,
      oneTimeValid: false,
      oneTimeValidFixed: false,
      validFor: 1800,
      validForMax: MAX_VALIDITY,
      procedures: procedure === undefined ? [] : [procedure],
      defaultProcedure: undefined,
      classIds: [],
      storageRegions: [],
    };
    return { request, granted: applyPolicy(request, policy) };
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    const optionOf = (path: string) => path.slice(1).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new UsageError(error.errors.map(({ path, message }) => `--${optionOf(path)} ${message}`).join('; '));
  }
}
