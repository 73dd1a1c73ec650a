import { apiSecrets } from '../../lib/vod/api-secrets';
import { vodApi } from '../../lib/vod/api';
import { retryDeps, startStore } from '../support/backend';
import { newFileUpload, procedureStateChanged } from '../support/events';
import { contentOf, startReconciliation, type Reconciliation } from '../support/reconciliation';
import { cleanUp, onceDone, start } from '../support/vod/vod-client';
import { SEAL_KEY } from '../support/webhook';

// The guarantees of docs/operations.md about verification; those about uploads and events are in rotation.test.ts.

afterEach(cleanUp);

/** How long the functions may use what they have read, in minutes. */
const CACHED = 5;

const OLD_KEY = { secretId: 'AKIDold', secretKey: 'old-secret-key' };
const NEW_KEY = { secretId: 'AKIDnew', secretKey: 'new-secret-key' };
const KEY = '/vod/key';
const SEAL = '/vod/seal';

test('verification continues while the key pair of the server API rotates', async () => {
  const vod = await start(OLD_KEY);
  const parameters = await startStore({ [KEY]: JSON.stringify(OLD_KEY), [SEAL]: 'old' });
  onceDone(parameters.close);
  let minute = 0;
  const now = () => Date.now() + minute * 60_000;
  const config = { keyParameter: KEY, sealParameter: SEAL };
  const instance = () => {
    const secrets = apiSecrets({ config, getParameters: parameters.getParameters, now, log: () => undefined });
    const keyPair = async () => (await secrets()).pair;
    return vodApi({ ...retryDeps, url: vod.url, subAppId: undefined, keyPair });
  };
  const instances = [instance(), instance()];
  const verifyAfter = async (minutes: number) => {
    for (const end = minute + minutes; minute < end; minute++) {
      // The second instance reads its secrets in the middle of the first one's five minutes.
      for (const api of minute < 2 ? instances.slice(0, 1) : instances) {
        await api({ deadline: Date.now() + 5_000, tries: 1 }).DescribeMediaInfos({ FileIds: ['999'] });
      }
    }
  };
  await verifyAfter(CACHED + 1);
  vod.keys.set(NEW_KEY.secretId, NEW_KEY.secretKey);
  parameters.parameters.set(KEY, JSON.stringify(NEW_KEY));
  await verifyAfter(CACHED);
  vod.keys.delete(OLD_KEY.secretId);
  await verifyAfter(CACHED + 1);
  expect(minute).toBe(3 * CACHED + 2);
});

describe('a file with a removed seal key', () => {
  let world: Reconciliation;
  beforeEach(async () => {
    world = await startReconciliation();
  });
  afterEach(() => world.stop());

  const readAnew = async () => {
    await world.checkpoint.write('{}');
    return world.run();
  };

  test.each(['a run', 'an event'])('a seal that was confirmed valid stays valid after %s', async (by) => {
    const fileId = world.upload({ text: 'order=7' });
    await world.deliver(newFileUpload({ fileId }));
    await world.verify();
    const before = contentOf(await world.item(fileId));
    expect(before).toMatchObject({ seal: 'valid', uploader: 'user-42', sourceContext: 'order=7' });
    world.sealKeys.splice(0, 1, 'new');
    if (by === 'a run') expect(await readAnew()).toMatchObject({ corrected: 0, examined: { audit: 1 } });
    await world.deliver(procedureStateChanged({ fileId }, 'FINISH', { taskId: 'task-9' }));
    await world.verify();
    expect(contentOf(await world.item(fileId))).toEqual(before);
  });

  test('a seal that was never confirmed is broken until the key is available again', async () => {
    world.sealKeys.splice(0, 1, 'new');
    const fileId = world.upload({ text: 'order=7' });
    await world.run();
    expect(await world.item(fileId)).toMatchObject({ seal: 'broken', trust: 'confirmed' });
    expect(await world.item(fileId)).not.toHaveProperty('uploader');
    world.sealKeys.push(SEAL_KEY);
    expect(await readAnew()).toMatchObject({ corrected: 1 });
    expect(await world.item(fileId)).toMatchObject({ seal: 'valid', uploader: 'user-42', sourceContext: 'order=7' });
  });
});
