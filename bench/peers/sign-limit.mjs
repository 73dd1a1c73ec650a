// (d) The minimum of every signature: one HMAC, and Base64 of it and of the signed text.
import { createHmac } from 'node:crypto';

const original = Buffer.from(
  'secretId=IUXXXXXXXXXXX&currentTimeStamp=1795350000&expireTime=1795351800&random=2887351234&procedure=LongVideoPreset' +
    '&sourceContext=vcu1%3A1234567890123456789012%3A7%3Auser-42%3Aorder%3D7&vodSubAppId=1500000001',
);

export const handler = () => {
  const digest = createHmac('sha1', 'OAXXXXXXXXXXX').update(original).digest();
  return { statusCode: 200, body: Buffer.concat([digest, original]).toString('base64') };
};
