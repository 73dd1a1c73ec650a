import { optional } from '../lib/platform/env';
import { open } from '../lib/vod/source-context';
import { DEPLOYMENT_OPTIONS, DEPLOYMENT_USAGE, readArgs, UsageError, type Edge, type Verb } from './command';
import { deploymentOf, secretsOf, type DeploymentOptions } from './deployment';
import { examine, type Examined, type Keys } from './signature-rules';

export const explain: Verb = {
  summary: 'what a signature says, whether VOD takes it, and each rule that it breaks',
  usage: `explain <signature> [options]

Decodes an upload signature (266/9221), whoever made it, and says what is wrong with it, or "valid", and who may do what
with it until when. With --stage, --local or the environment variable VOD_SECRET_KEY it is verified too; with the first two
a sealed source context is opened. Exit code 1 when a rule is broken.

  --json           what is found, on stdout
${DEPLOYMENT_USAGE.replace('(dev)', '(no key without it)')}`,

  run: async (args, edge) => {
    const { values, positionals } = readArgs({
      args,
      options: { ...DEPLOYMENT_OPTIONS, json: { type: 'boolean' } },
      allowPositionals: true,
    });
    const [signature, ...more] = positionals;
    if (signature === undefined || more.length > 0) throw new UsageError('explain takes one signature, in quotes');
    const keys = await keysAtHand(values, edge);
    const nowSeconds = Math.floor(edge.now() / 1000);
    const examined = examine(signature, keys, nowSeconds);
    const { broken, notes, parameters, verified } = examined;
    const told = permission(examined, keys.sealKeys, nowSeconds);
    if (values.json) {
      edge.out(
        JSON.stringify({ valid: broken.length === 0 && verified, verified, broken, notes, parameters, ...told }),
      );
      return broken.length === 0 ? 0 : 1;
    }
    const say = (line: string) => {
      edge.out(inOneLine(line));
    };
    if (broken.length > 0) say('NOT valid');
    else say(verified ? 'valid' : 'no rule broken; NOT verified: give --stage, --local or VOD_SECRET_KEY');
    for (const { rule, sentence } of broken) say(`  ${rule}: ${sentence}`);
    for (const { rule, sentence } of notes) say(`  note, ${rule}: ${sentence}`);
    for (const [name, value] of Object.entries(parameters)) say(`  ${name.padEnd(18)}${value}`);
    for (const line of [told.who, told.may]) if (line !== undefined) say(`  ${line}`);
    return broken.length === 0 ? 0 : 1;
  },
};

/** Whoever made the signature wrote what is in it, and must not write lines of ours. */
function inOneLine(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

async function keysAtHand(options: DeploymentOptions, edge: Edge): Promise<Keys> {
  if (!options.local && options.stage === undefined) {
    if (options.region !== undefined) throw new UsageError('--region alone names no deployment: give --stage too');
    return { secretKey: optional(edge.env, 'VOD_SECRET_KEY'), sealKeys: [] };
  }
  const deployment = await deploymentOf(options, edge);
  const secrets = await secretsOf(deployment);
  const { vodKey, sealKey } = deployment.parameters;
  return { ...secrets.keyPair(vodKey), sealKeys: secrets.parseSecretVersions(sealKey) };
}

/** Who may do what with it, until when. */
function permission({ parameters, broken }: Examined, sealKeys: readonly string[], nowSeconds: number) {
  const { sourceContext, oneTimeValid, procedure, vodSubAppId, classId, expireTime } = parameters;
  const whoOf = () => {
    if (!sourceContext) return undefined;
    const { seal, uploader, sourceContext: text } = open(sourceContext, sealKeys);
    if (seal === 'none') return 'the source context is not sealed: it names no caller';
    if (sealKeys.length === 0) return 'the source context is sealed; with --stage or --local it is opened';
    if (seal === 'broken') return 'the seal is broken: a row will have no uploader';
    return `issued to ${JSON.stringify(uploader)}${text === undefined ? '' : `, with the text ${JSON.stringify(text)}`}`;
  };
  const end = Number(expireTime);
  if (broken.length > 0 || !Number.isSafeInteger(end)) return { who: whoOf() };
  const minutes = Math.ceil((end - nowSeconds) / 60);
  const may =
    `whoever holds it may upload ${oneTimeValid === '1' ? 'one file, unless that was done already,' : 'any number of files'}` +
    ` to application ${vodSubAppId && vodSubAppId !== '0' ? vodSubAppId : '(main)'}` +
    (classId && classId !== '0' ? `, in category ${classId}` : '') +
    (procedure ? `, and have ${procedure} run on it` : '') +
    `, until ${new Date(end * 1000).toISOString()} (${minutes} min)`;
  return { who: whoOf(), may };
}
