import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { ownDataDir } from '../data-dir';
import { addressesOf, publicAddressOf } from '../network/public-address';
import { endOfProcess } from '../process-end';
import { vodStartError } from '../server';
import { StartupError } from '../startup-error';
import type { Faults } from '../vod/faults';
import { replaceFile } from '../vod/journal';
import { PRESETS } from '../vod/procedure-templates';
import { startVod, type Vod, type VodOptions } from '../vod/server';
import { banner } from './banner';
import { loadKeyPair } from './key-pair';
import type { OptionValues } from './option-table';
import { readOptions, usage } from './options';
import { readProceduresFile } from './procedures-file';
import { UsageError } from './usage-error';

const DEFAULT_PORT = 3443;
const DEFAULT_FOLDER = '.local-vod';

/** `npm run local-vod`: the local VOD alone. Runs until Ctrl-C. */
async function main(): Promise<void> {
  try {
    const values = readOptions(process.argv.slice(2));
    if (values === 'help') console.log(usage());
    else await run(values);
  } catch (error) {
    const isUsage = error instanceof UsageError;
    console.error(explain(error) ?? error);
    if (isUsage) console.error('npm run local-vod -- --help lists the options');
    process.exitCode = isUsage ? 2 : 1;
  }
}

/** Returns a message for an error that the user can fix, undefined for any other. */
function explain(error: unknown): string | undefined {
  if (error instanceof UsageError || error instanceof StartupError) return error.message;
  const { message, path } = error as NodeJS.ErrnoException;
  return path === undefined ? undefined : `The data folder cannot be used: ${message}. Choose another one with --data`;
}

async function run(values: OptionValues): Promise<void> {
  const end = endOfProcess();
  const dataDir = values.data ?? resolve(DEFAULT_FOLDER);
  const publicAddress = await publicAddressOf(values.host, '--host');
  const release = await ownDataDir(dataDir, '--data');
  try {
    const options: VodOptions = {
      ...vodOptions(values, dataDir),
      addresses: addressesOf(publicAddress),
      ...(publicAddress && !publicAddress.isWildcard && { mediaHost: publicAddress.name }),
    };
    const vod = await start(options);
    try {
      replaceFile(join(dataDir, 'certificate.pem'), vod.certificate);
      const lines = banner({
        keyPair: options,
        url: vod.url,
        port: vod.port,
        config: vod.eventConfig,
        format: vod.setFaults({}).format,
        subAppIds: options.subAppIds,
        procedures: [...PRESETS.keys(), ...Object.keys(options.procedures ?? {})],
        dataDir,
        publicAddress,
      });
      console.log(lines.join('\n'));
      if (!end.signal.aborted) await once(end.signal, 'abort');
    } finally {
      await vod.stop();
    }
  } finally {
    await release();
  }
}

function vodOptions(values: OptionValues, dataDir: string): VodOptions {
  if ((values['secret-id'] === undefined) !== (values['secret-key'] === undefined)) {
    throw new UsageError('--secret-id and --secret-key must be given together');
  }
  const keyPair = loadKeyPair(dataDir);
  return {
    port: values.port ?? DEFAULT_PORT,
    dataDir: join(dataDir, 'vod'),
    secretId: values['secret-id'] ?? keyPair.secretId,
    secretKey: values['secret-key'] ?? keyPair.secretKey,
    callbackUrl: values.callback ?? '',
    mode: values.mode === 'pull' ? 'PULL' : 'PUSH',
    signKey: values['sign-key'] ?? '',
    uploadSwitch: values['upload-event'] ?? true,
    deleteSwitch: values['delete-event'] ?? true,
    playerKey: values['player-key'] ?? '',
    urlKey: values['url-key'] ?? '',
    faults: faultsOf(values),
    ...(values['sub-app-ids'] && { subAppIds: values['sub-app-ids'] }),
    ...(values['step-ms'] !== undefined && { stepMs: values['step-ms'] }),
    ...(values.procedures !== undefined && { procedures: readProceduresFile(values.procedures) }),
    log: (line) => {
      console.error(line);
    },
  };
}

/** @throws UsageError if a fault is given twice */
function faultsOf(values: OptionValues): Partial<Faults> {
  const faults: Partial<Faults> = {};
  for (const fault of values.fault ?? []) {
    const [name = ''] = Object.keys(fault);
    if (name in faults) throw new UsageError(`--fault ${name}=... must be given once only`);
    Object.assign(faults, fault);
  }
  const format = values['callback-format'];
  if (format === undefined) return faults;
  if (faults.format !== undefined) {
    throw new UsageError('--callback-format and --fault format=... must not be given together');
  }
  return { ...faults, format };
}

/** @throws StartupError if the port or the data cannot be used */
async function start(options: VodOptions): Promise<Vod> {
  try {
    return await startVod(options);
  } catch (error) {
    throw vodStartError(error, options.port, '--port', '--host');
  }
}

void main();
