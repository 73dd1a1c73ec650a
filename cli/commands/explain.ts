import { optional } from '../../lib/platform/env';
import { open } from '../../lib/vod/source-context';
import { defineCommand } from '../command-line/command';
import type { CommandContext } from '../command-line/context';
import { UsageError } from '../command-line/usage-error';
import { findDeployment, type DeploymentOptions } from '../deployment/find-deployment';
import { secretsOf } from '../deployment/secrets';
import { explainPlayback, type Explanation } from '../playback/explain';
import type { PlaybackKeys } from '../playback/keys';
import { inOneLine, redact } from '../../local/vod/diagnosis/display';
import { diagnose, type Diagnosis, type Keys } from '../signature/diagnose';

export const explain = defineCommand({
  name: 'explain',
  summary: 'decode a signature, verify it, and list the rules that it violates',
  description: `
    Decodes an upload signature (266/9221), a player signature (psign, 266/45554) or a URL with Key hotlink protection
    (Key 防盗链, 266/14047), of this service or any other, and prints "valid" or each violation, and what it permits until
    when. Damage in transit (HTML, forms, quotes, a whole JSON response, Base64 twice) is reported, and undone to verify
    the rest.

    With --stage or --local it verifies with the deployment's keys and opens a sealed source context; otherwise with the
    keys in the environment variables VOD_SECRET_KEY, VOD_PLAYER_KEY and VOD_URL_KEY. Exit code 1 if a rule is violated.`,
  args: { signature: { description: 'the signature or URL, in quotes' } },
  options: {
    stage: { value: 'name', description: "verify with the keys of this stage's deployment" },
    json: { description: 'print {"valid", "verified", "violations", "notes", "parameters", "issuedTo", "permission"}' },
  },

  run: async ({ options, args: { signature } }, context) => {
    const keys = await availableKeys(options, context);
    const nowSeconds = Math.floor(context.now() / 1000);
    const explanation = explainPlayback(signature, keys, nowSeconds) ?? explainUpload(signature, keys, nowSeconds);
    const { diagnosis, keyVariable, ...texts } = explanation;
    const { violations, notes, parameters, verified } = diagnosis;
    const withoutSecrets = (text: string) => redact(text, secretsOfKeys(keys));
    if (options.json) {
      const valid = violations.length === 0 && verified;
      const result = { valid, verified, violations, notes, parameters, ...texts };
      context.out(
        JSON.stringify(result, (_, value: unknown) => (typeof value === 'string' ? withoutSecrets(value) : value)),
      );
      return violations.length === 0 ? 0 : 1;
    }
    const print = (line: string) => {
      context.out(inOneLine(withoutSecrets(line)));
    };
    if (violations.length > 0) print('NOT valid');
    else print(verified ? 'valid' : `no violations; NOT verified: give --stage, --local or ${keyVariable}`);
    for (const { rule, message } of violations) print(`  ${rule}: ${message}`);
    for (const { rule, message } of notes) print(`  note, ${rule}: ${message}`);
    const width = Math.max(16, ...Object.keys(parameters).map((name) => Math.min(name.length, 40))) + 2;
    for (const [name, value] of Object.entries(parameters)) print(`  ${name.padEnd(width)}${value}`);
    for (const line of [texts.issuedTo, texts.permission]) if (line !== undefined) print(`  ${line}`);
    return violations.length === 0 ? 0 : 1;
  },
});

function secretsOfKeys({ secretKey, sealKeys, playerKeys, urlKeys }: Keys & PlaybackKeys): string[] {
  return [...(secretKey === undefined ? [] : [secretKey]), ...sealKeys, ...playerKeys, ...urlKeys];
}

async function availableKeys(options: DeploymentOptions, context: CommandContext): Promise<Keys & PlaybackKeys> {
  if (!options.local && options.stage === undefined) {
    if (options.region !== undefined)
      throw new UsageError('--region alone does not name a deployment: give --stage too');
    const keys = (name: string) => optional(context.env, name) ?? [];
    return {
      secretKey: optional(context.env, 'VOD_SECRET_KEY'),
      sealKeys: [],
      playerKeys: [keys('VOD_PLAYER_KEY')].flat(),
      urlKeys: [keys('VOD_URL_KEY')].flat(),
    };
  }
  const deployment = await findDeployment(options, context);
  const secrets = await secretsOf(deployment);
  const { vodKey, sealKey, playerKey, urlKey } = deployment.parameters;
  return {
    ...secrets.keyPair(vodKey),
    sealKeys: secrets.parseSecretVersions(sealKey),
    playerKeys: playerKey === undefined ? [] : secrets.parseSecretVersions(playerKey),
    urlKeys: urlKey === undefined ? [] : secrets.parseSecretVersions(urlKey),
    appId: deployment.playback.appId,
  };
}

function explainUpload(signature: string, keys: Keys & PlaybackKeys, nowSeconds: number): Explanation {
  const otherKeys = [
    ...keys.playerKeys.map((key) => ({ name: 'the player key (播放密钥)', key })),
    ...keys.urlKeys.map((key) => ({ name: 'the URL key', key })),
  ];
  const diagnosis = diagnose(signature, { ...keys, otherKeys }, nowSeconds);
  return { diagnosis, ...permissionOf(diagnosis, keys.sealKeys, nowSeconds), keyVariable: 'VOD_SECRET_KEY' };
}

/** Returns the caller that it was issued to, and what it permits until when. */
function permissionOf(
  { parameters, violations }: Diagnosis,
  sealKeys: readonly string[],
  nowSeconds: number,
): Pick<Explanation, 'issuedTo' | 'permission'> {
  const { sourceContext, oneTimeValid, procedure, vodSubAppId, classId, expireTime } = parameters;
  const describeCaller = () => {
    if (!sourceContext) return undefined;
    const { seal, uploader, sourceContext: text } = open(sourceContext, sealKeys);
    if (seal === 'none') return 'the source context is not sealed: it does not name a caller';
    if (sealKeys.length === 0) return 'the source context is sealed; use --stage or --local to open it';
    if (seal === 'broken') return 'the seal is broken: the row will not have an uploader';
    return `issued to ${JSON.stringify(uploader)}${text === undefined ? '' : `, with the text ${JSON.stringify(text)}`}`;
  };
  const end = Number(expireTime);
  if (violations.length > 0 || !Number.isSafeInteger(end)) return { issuedTo: describeCaller() };
  const minutes = Math.ceil((end - nowSeconds) / 60);
  const permission =
    `it permits uploading ${oneTimeValid === '1' ? 'one file, unless it was used already,' : 'any number of files'}` +
    ` to application ${vodSubAppId && vodSubAppId !== '0' ? vodSubAppId : '(main)'}` +
    (classId && classId !== '0' ? `, in category ${classId}` : '') +
    (procedure ? `, and running ${procedure} on it` : '') +
    `, until ${new Date(end * 1000).toISOString()} (${minutes} min)`;
  return { issuedTo: describeCaller(), permission };
}
