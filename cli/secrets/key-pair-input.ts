import type { CommandContext } from '../command-line/context';
import { cleanSecret } from './clean-secret';

/**
 * Reads VOD's key pair from the environment, a prompt or a pipe, and returns it as the SSM parameter contains it.
 *
 * @throws Error for what is not a key pair; the message never contains it
 */
export async function askKeyPair({ env, askSecrets }: CommandContext): Promise<string> {
  const given = [env['VOD_SECRET_ID'] ?? '', env['VOD_SECRET_KEY'] ?? ''];
  const [id = '', key = ''] = given.every((one) => one.trim() !== '')
    ? given
    : await askSecrets(['secretId of the VOD key', 'secretKey of the VOD key']);
  const refusal = (why: string) => new Error(`Cannot store the VOD key: ${why}`);
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
