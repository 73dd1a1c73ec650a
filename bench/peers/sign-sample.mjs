// (c) The vendor's Node sample (266/10638) inside a bare handler, its key in the code: the floor for signing.
import { createHmac } from 'node:crypto';
import querystring from 'node:querystring';

export function sign(secret_id, secret_key) {
  const current = parseInt(new Date().getTime() / 1000);
  const expired = current + 86400;
  const arg_list = {
    secretId: secret_id,
    currentTimeStamp: current,
    expireTime: expired,
    random: Math.round(Math.random() * Math.pow(2, 32)),
  };
  const orignal = querystring.stringify(arg_list);
  const orignal_buffer = Buffer.from(orignal, 'utf8');
  const hmac = createHmac('sha1', secret_key);
  const hmac_buffer = hmac.update(orignal_buffer).digest();
  return Buffer.concat([hmac_buffer, orignal_buffer]).toString('base64');
}

export const handler = async () => ({ statusCode: 200, body: sign('IUXXXXXXXXXXX', 'OAXXXXXXXXXXX') });
