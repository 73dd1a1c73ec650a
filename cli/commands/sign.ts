import { randomInt } from 'node:crypto';
import { RequestError } from '../../lib/platform/errors';
import { applyPolicy, type Policy } from '../../lib/signing/policy';
import { omitUndefined } from '../../lib/platform/omit-undefined';
import { parseRequest } from '../../lib/signing/request';
import { MAX_VALIDITY } from '../../lib/vod/schemas';
import { sign as signatureOf } from '../../lib/signing/signature';
import { isCaller, MAX_CALLER_BYTES, maxTextBytes, seal } from '../../lib/vod/source-context';
import { defineCommand } from '../command-line/command';
import type { CommandContext } from '../command-line/context';
import { UsageError } from '../command-line/usage-error';
import type { Deployment } from '../deployment/deployment';
import { findDeployment } from '../deployment/find-deployment';
import { secretsOf } from '../deployment/secrets';

/** In seconds, unless `--valid-for` is given. */
const DEFAULT_VALIDITY = 1800;

export const sign = defineCommand({
  name: 'sign',
  summary: "print an upload signature, made with the deployment's key",
  description: `
    Prints an upload signature (266/9221) and nothing else on stdout. The deployment's policy does not apply, only VOD's
    own bounds.`,
  options: {
    caller: {
      value: 'name',
      description: 'the caller to seal into the source context; without this option the text is signed unchanged',
    },
    'source-context': { value: 'text', description: 'a text that the row contains later' },
    'one-time': { description: 'valid for one upload only' },
    'valid-for': {
      value: 'seconds',
      isInteger: true,
      description: `at most ${MAX_VALIDITY}. Default: ${DEFAULT_VALIDITY}`,
    },
    procedure: { value: 'name', description: 'the task flow that runs after the upload' },
    'task-priority': {
      value: 'number',
      isInteger: true,
      description: 'of the procedure, -10 to 10; a negative number requires "=", as in --task-priority=-3',
    },
    'task-notify-mode': {
      value: 'mode',
      description: "which of the procedure's events VOD sends",
      choices: ['Finish', 'Change', 'None'],
    },
    'session-context': { value: 'text', description: "a text that the procedure's events contain" },
    'class-id': { value: 'number', isInteger: true, description: "VOD's category" },
    'storage-region': { value: 'region', description: 'for example ap-guangzhou' },
    json: { description: 'print {"signature", "expireTime", "oneTimeValid"}' },
  },

  run: async ({ options }, context) => {
    const request = omitUndefined({
      sourceContext: options['source-context'],
      oneTimeValid: options['one-time'],
      validFor: options['valid-for'],
      procedure: options.procedure,
      taskPriority: options['task-priority'],
      taskNotifyMode: options['task-notify-mode'],
      sessionContext: options['session-context'],
      classId: options['class-id'],
      storageRegion: options['storage-region'],
    });
    const deployment = await findDeployment(options, context);
    const signed = await signFor(deployment, request, options.caller, context);
    context.out(options.json ? JSON.stringify(signed) : signed.signature);
    const expiry = new Date(signed.expireTime * 1000).toISOString();
    context.err(`valid until ${expiry}; \`npm run vod -- explain ${deployment.options}\` shows what it permits`);
    return 0;
  },
});

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
      throw new UsageError(`--source-context must have at most ${maxBytes} bytes with this --caller`);
    }
  }
  const secrets = await secretsOf(deployment);
  const { secretId, secretKey } = secrets.keyPair(deployment.parameters.vodKey);
  const [sealKey] = caller === undefined ? [''] : secrets.parseSecretVersions(deployment.parameters.sealKey);
  const sourceContext = caller === undefined ? request.sourceContext : seal(text, caller, hasProcedure, sealKey);
  const currentTimeStamp = Math.floor(context.now() / 1000);
  const { validFor, oneTimeValid, parameters } = granted;
  const expireTime = currentTimeStamp + validFor;
  const identity = {
    secretId,
    currentTimeStamp,
    expireTime,
    random: randomInt(2 ** 32),
    ...omitUndefined({ sourceContext }),
  };
  const signature = signatureOf({ ...parameters, ...identity, ...(oneTimeValid && { oneTimeValid: 1 }) }, secretKey);
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
      validFor: DEFAULT_VALIDITY,
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
