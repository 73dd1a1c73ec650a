import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { webhookConfig } from '../../lib/events/config';
import { recordEvent } from '../../lib/events/webhook';
import { signerConfig } from '../../lib/signing/config';
import { signUpload } from '../../lib/signing/issue';
import { uploadStore } from '../../lib/uploads/store';
import { countingClient, retryDeps, startStore, startUploadsTable, TABLE_NAME } from '../support/backend';
import { context, delivery, signRequest } from '../support/lambda';
import { apply, cleanUp, cos, onceDone, start, tc3, ugc, VIDEO } from '../support/vod/vod-client';

// The steps of docs/operations.md, taken while uploads continue. Two instances of each function have read their secrets
// at different times, as on AWS, and every event goes to both. The clock is the test's own and counts in minutes.

afterEach(cleanUp);

/** How long the functions cache their secrets. */
const CACHED = 5;
/** How long the signatures of this drill live. */
const VALID_FOR = 10;

const OLD_KEY = { secretId: 'AKIDold', secretKey: 'old-secret-key' };
const NEW_KEY = { secretId: 'AKIDnew', secretKey: 'new-secret-key' };
const NAME = { key: '/vod/key', seal: '/vod/seal', token: '/vod/token', sign: '/vod/sign-key' };

interface Drill {
  /** Changes a parameter, as `aws ssm put-parameter --overwrite` does. */
  readonly put: (name: keyof typeof NAME, value: string) => void;
  /** The key pairs of the account. */
  readonly keys: Map<string, string>;
  /** Changes at VOD where events go to and how they are signed. */
  readonly modifyEventConfig: (change: { token?: string; SignKey?: string }) => Promise<void>;
  readonly pass: (minutes: number) => Promise<void>;
}

/** The failures while the steps were taken. */
interface Found {
  readonly refused: readonly string[];
  readonly lost: readonly string[];
  readonly wrong: readonly object[];
}

async function drill(steps: (drill: Drill) => Promise<void>): Promise<Found> {
  const began = Date.now();
  let minute = 0;
  const now = () => began + minute * 60_000;
  const { parameters, getParameters, close } = await startStore({
    [NAME.key]: JSON.stringify(OLD_KEY),
    [NAME.seal]: 'old',
    [NAME.token]: 'old',
    [NAME.sign]: 'old',
  });
  const table = await startUploadsTable();
  onceDone(async () => {
    await Promise.all([table.stop(), close()]);
  });

  const deps = { getParameters, now, log: () => undefined };
  const store = uploadStore({ ...retryDeps, dynamodb: countingClient(table).dynamodb, tableName: TABLE_NAME });
  let last = 0;
  const signer = () => {
    const seconds = String(VALID_FOR * 60);
    const policy = {
      ONE_TIME_VALID: 'false',
      ONE_TIME_VALID_FIXED: 'false',
      VALID_FOR: seconds,
      VALID_FOR_MAX: seconds,
    };
    const config = signerConfig({ ...policy, VOD_KEY_PARAMETER: NAME.key, SEAL_KEY_PARAMETER: NAME.seal });
    return signUpload({ ...deps, config, random: () => ++last });
  };
  const webhook = () => {
    const names = { CALLBACK_TOKEN_PARAMETER: NAME.token, CALLBACK_SIGN_KEY_PARAMETER: NAME.sign };
    const config = webhookConfig({ TABLE_NAME, SEAL_KEY_PARAMETER: NAME.seal, ...names });
    return recordEvent({ ...deps, config, store });
  };
  const instances = [0, 1].map(() => ({ sign: signer(), record: webhook() }));
  /** The second instance of each comes up while the first is in the middle of its five minutes. */
  const running = () => instances.slice(0, minute < 2 ? 1 : 2);

  const refused: string[] = [];
  let delivered = 0;
  const server = createServer((request, response) => {
    void (async () => {
      const body = Buffer.concat(await request.toArray());
      const query = request.url?.split('?')[1] ?? '';
      for (const { record } of running()) {
        const { statusCode, body: detail } = await record(delivery(body, { query }), context());
        if (statusCode !== 200) refused.push(`minute ${minute}, an event: ${String(detail)}`);
      }
      delivered += 1;
      response.writeHead(200).end();
    })();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onceDone(() => {
    server.close();
    server.closeAllConnections();
  });
  const urlWith = (token: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/?token=${token}`;
  const { port, keys } = await start({ ...OLD_KEY, now, callbackUrl: urlWith('old'), signKey: 'old' });

  const committed = new Map<string, string>();
  let due: { readonly at: number; readonly run: () => Promise<void> }[] = [];
  let begun = 0;

  /** A signature now, and the upload with it at some time of its life: in Apply and in Commit, as the native SDKs do. */
  async function upload({ sign }: (typeof instances)[number], at: number): Promise<void> {
    const sourceContext = `order ${++begun}`;
    const { body = '' } = await sign(signRequest({ sourceContext }), context());
    const { signature } = JSON.parse(body) as { signature: string };
    const run = async () => {
      const applied = await apply(port, signature, VIDEO);
      await cos(port, applied, { method: 'PUT', path: applied.video.storagePath, body: 'abc' });
      const { vodSessionKey } = applied;
      const { code, message, data } = await ugc(port, 'Commit', { signature, vodSessionKey });
      if (code !== 0) throw new Error(`Commit returned ${code} ${message}`);
      committed.set(data.fileId, sourceContext);
    };
    due.push({ at, run });
  }

  async function minuteOf(uploads: boolean): Promise<void> {
    for (const instance of uploads ? running() : []) {
      for (const at of [minute, minute + VALID_FOR - 1]) await upload(instance, at);
    }
    const dueNow = due.filter(({ at }) => at === minute);
    due = due.filter(({ at }) => at !== minute);
    const refuse = (error: unknown) => refused.push(`minute ${minute}, an upload: ${String(error)}`);
    await Promise.all(dueNow.map(({ run }) => run().catch(refuse)));
    while (delivered < committed.size) await sleep(5);
    minute += 1;
  }

  const pass = async (minutes: number) => {
    for (let passed = 0; passed < minutes; passed++) await minuteOf(true);
  };
  // The first instance has just read its secrets again, and will not for five minutes.
  await pass(CACHED + 1);
  await steps({
    put: (name, value) => parameters.set(NAME[name], value),
    keys,
    modifyEventConfig: async ({ token, ...change }) => {
      const body = JSON.stringify({ ...change, ...(token !== undefined && { NotificationUrl: urlWith(token) }) });
      const { text } = await tc3(port, { ...OLD_KEY, action: 'ModifyEventConfig', body, time: now() });
      expect(text).not.toContain('"Error"');
    },
    pass,
  });
  await pass(CACHED + 1);
  while (due.length > 0) await minuteOf(false);

  const rows = new Map((await table.rows()).map((row) => [row['fileId'], row]));
  expect(committed.size).toBeGreaterThan(30);
  return {
    refused,
    lost: [...committed.keys()].filter((fileId) => !rows.has(fileId)),
    wrong: [...rows.values()].filter(({ fileId, seal, uploader, sourceContext }) => {
      return seal !== 'valid' || uploader !== 'user-42' || sourceContext !== committed.get(String(fileId));
    }),
  };
}

const NOTHING: Found = { refused: [], lost: [], wrong: [] };

describe('rotation of secrets', () => {
  test('no upload is refused and no event is lost while the callback token rotates', async () => {
    const found = await drill(async ({ put, modifyEventConfig, pass }) => {
      put('token', 'new,old');
      await pass(CACHED);
      await modifyEventConfig({ token: 'new' });
      await pass(10);
      put('token', 'new');
    });
    expect(found).toEqual(NOTHING);
  });

  test('no upload is refused and no event is lost while the SignKey rotates', async () => {
    const found = await drill(async ({ put, modifyEventConfig, pass }) => {
      put('sign', 'new,old');
      await pass(CACHED);
      await modifyEventConfig({ SignKey: 'new' });
      await pass(10);
      put('sign', 'new');
    });
    expect(found).toEqual(NOTHING);
  });

  test('no upload is refused and no event is lost while the key pair rotates', async () => {
    const found = await drill(async ({ put, keys, pass }) => {
      keys.set(NEW_KEY.secretId, NEW_KEY.secretKey);
      put('key', JSON.stringify(NEW_KEY));
      await pass(CACHED + VALID_FOR);
      keys.delete(OLD_KEY.secretId);
    });
    expect(found).toEqual(NOTHING);
  });

  test('no upload is refused and no event is lost while the seal key rotates', async () => {
    const found = await drill(async ({ put, pass }) => {
      put('seal', 'old,new');
      await pass(CACHED);
      put('seal', 'new,old');
      await pass(CACHED + VALID_FOR);
      put('seal', 'new');
    });
    expect(found).toEqual(NOTHING);
  });
});

describe('skipped steps of a rotation', () => {
  test('requests are refused if VOD has a new token before the functions', async () => {
    const { refused } = await drill(async ({ put, modifyEventConfig }) => {
      put('token', 'new,old');
      await modifyEventConfig({ token: 'new' });
    });
    expect(refused).not.toEqual([]);
  });

  test('requests are refused if VOD has a new SignKey before the functions', async () => {
    const { refused } = await drill(async ({ put, modifyEventConfig }) => {
      put('sign', 'new,old');
      await modifyEventConfig({ SignKey: 'new' });
    });
    expect(refused).not.toEqual([]);
  });

  test('uploads are refused if a key pair is disabled before its signatures expire', async () => {
    const { refused } = await drill(async ({ put, keys, pass }) => {
      keys.set(NEW_KEY.secretId, NEW_KEY.secretKey);
      put('key', JSON.stringify(NEW_KEY));
      await pass(CACHED);
      keys.delete(OLD_KEY.secretId);
    });
    expect(refused).not.toEqual([]);
  });

  test.each([
    ['straight to the new seal key', ['new']],
    ['a new seal key that not every instance knows', ['new,old']],
    ['a seal key dropped while its signatures live', ['old,new', 'new,old', 'new']],
  ])('seals are broken if a step is skipped: %s', async (_, values) => {
    const { wrong } = await drill(async ({ put, pass }) => {
      for (const value of values) {
        put('seal', value);
        await pass(CACHED);
      }
    });
    expect(wrong).toContainEqual(expect.objectContaining({ seal: 'broken' }));
  });
});
