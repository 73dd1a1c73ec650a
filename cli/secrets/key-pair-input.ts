import type { CommandContext } from '../command-line/context';
import { cleanSecret } from './clean-secret';

/**
 * Reads VOD's key pair from the environment, a prompt or a pipe, and returns it as the SSM parameter contains it.
 *
 * @throws Error for what is not a key pair; the message never contains it
 */
export async function promptKeyPair({ env, promptSecrets }: CommandContext): Promise<string> {
  const values = [env['VOD_SECRET_ID'] ?? '', env['VOD_SECRET_KEY'] ?? ''];
  const [id = '', key = ''] = values.every((one) => one.trim() !== '')
    ? values
    : await promptSecrets(['secretId of the VOD key', 'secretKey of the VOD key']);
  const refusal = (reason: string) => new Error(`Cannot store the VOD key: ${reason}`);
  let pair;
  try {
    pair = { secretId: cleanSecret('the secretId', id), secretKey: cleanSecret('the secretKey', key) };
  } catch (error) {
    throw refusal((error as Error).message);
  }
  if (pair.secretId === '' || pair.secretKey === '') {
    throw refusal('set VOD_SECRET_ID and VOD_SECRET_KEY, or pass both on stdin, a line each');
  }
  if (pair.secretKey.startsWith('AKID') && !pair.secretId.startsWith('AKID')) {
    throw refusal('secretId and secretKey are swapped, the secretId begins with AKID');
  }
  return JSON.stringify(pair);
}
