import { once } from 'node:events';
import type { PublicAddress } from './network/callers';
import { bracketed } from './network/open-port';
import { endOfProcess } from './process-end';
import { StartupError } from './startup-error';
import { startLocal } from './run';
import { settings } from './settings';

/** `npm start`: runs until Ctrl-C. */
async function main(): Promise<void> {
  // The SDK warns about Node 20, which the pinned releases support.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  const end = endOfProcess();
  try {
    const options = settings(process.env);
    const { notifyUrl = '' } = options.features;
    const run = await startLocal({ ...options, signal: end.signal });
    console.log(`key id    ${run.secrets.vodSecretId}`);
    console.log(`callback  ${run.callbackUrl}`);
    console.log(`vod       ${run.vod.url}`);
    console.log(`table     ${run.tableName} in region ${run.config.provider.region} at ${run.table.url}`);
    if (notifyUrl !== '') console.log(`webhooks  to ${notifyUrl}, secret ${run.secrets.notifySecret}`);
    console.log(`page      ${run.url}/`);
    if (run.publicAddress) console.log(`warning   ${publicWarning(run.publicAddress, run.url, run.vod.port)}`);
    console.log('ready     Ctrl-C ends it');
    if (!end.signal.aborted) await once(end.signal, 'abort');
    await run.stop();
  } catch (error) {
    if (end.signal.aborted) return;
    console.error(error instanceof StartupError ? error.message : error);
    process.exitCode = 1;
  }
}

/** The warning that HOST opens the run to the network. */
function publicWarning({ name, isWildcard }: PublicAddress, url: string, vodPort: number): string {
  const where = `http://${bracketed(isWildcard ? 'this machine' : name)}:${new URL(url).port}/ and :${vodPort}`;
  return `HOST opens ${where} to your network: anyone on it can get tokens for any user, and see all rows and files`;
}

void main();
