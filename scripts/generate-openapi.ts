// Writes docs/openapi.json from the schemas that the functions validate with. `npm run generate` runs it; the tests fail
// when the file is out of date.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { components } from './openapi/components';
import { webhooks } from './openapi/notifications';
import { paths } from './openapi/paths';

/** The OpenAPI document of all functions with routes, and of the webhooks that the app gets. */
export function openapi() {
  return {
    openapi: '3.1.0',
    info: {
      title: 'vod-client-upload',
      version: '1',
      summary:
        'Signatures for client-side upload to Tencent Cloud VOD, the uploads of your users, VOD’s events about them, and webhooks to your server',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [
      {
        url: 'https://{api}.execute-api.{region}.amazonaws.com',
        description: 'A deployment: the beginning of its outputs UploadSignatureUrl, UploadsUrl and VodEventsUrl.',
        variables: {
          api: { default: 'a1b2c3d4e5', description: 'The id that API Gateway assigned.' },
          region: { default: 'ap-southeast-1', description: 'In China the address ends with .com.cn.' },
        },
      },
      { url: 'http://localhost:3000', description: '`npm start`' },
    ],
    tags: [
      { name: 'app', description: 'What your app calls.' },
      { name: 'vod', description: 'What VOD calls.' },
      { name: 'server', description: 'What your server is called with, where NOTIFY_URL is set.' },
    ],
    paths,
    webhooks,
    components,
  };
}

/** What docs/openapi.json must contain. */
export function generateOpenapi(): string {
  return `${JSON.stringify(openapi(), null, 2)}\n`;
}

if (require.main === module) writeFileSync(join(__dirname, '../docs/openapi.json'), generateOpenapi());
