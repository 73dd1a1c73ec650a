import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { killLocalVods, startLocalVod } from '../support/vod/local-vod';
import { findPython, testWithPython } from '../support/python';
import { sendRequest, cleanUp, temporaryDirectory } from '../support/vod/vod-client';

afterEach(async () => {
  killLocalVods();
  await cleanUp();
});

const SCRIPT = join(resolve(__dirname, '../fixtures/backends'), 'server_sdk.py');
const python = findPython('import tencentcloud.vod.v20180717');

testWithPython(python, 'pip install tencentcloud-sdk-python-vod, or put the folder of its source into PYTHONPATH')(
  'tencentcloud-sdk-python-vod lists, describes, pulls events of and deletes what npm run local-vod has',
  async () => {
    const vod = await startLocalVod(temporaryDirectory(), ['--mode', 'pull']);
    const files = ['first', 'second'].map((name) => ({ name, sourceContext: `order=${name}` }));
    await sendRequest(vod.port, { method: 'POST', path: '/local/seed', body: JSON.stringify({ files, events: true }) });
    const endpoint = /endpoint="([^"]+)"/.exec(vod.valueOf('Python'))?.[1] ?? '';
    const args = [SCRIPT, vod.valueOf('SecretId'), vod.valueOf('SecretKey'), endpoint];
    const { stdout } = await promisify(execFile)(python ?? '', args);
    expect(JSON.parse(stdout)).toEqual({
      names: ['first', 'second'],
      described: 'order=first',
      types: ['FileDeleted', 'NewFileUpload', 'NewFileUpload'],
      left: ['second'],
    });
    await vod.stop();
  },
);
