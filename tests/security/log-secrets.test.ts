import { createHash, randomInt } from 'node:crypto';
import { signerConfig } from '../../lib/signing/config';
import { signUpload } from '../../lib/signing/issue';
import { startStore, type Store } from '../helpers/backend';
import { newFileUpload, procedureStateChanged } from '../helpers/events';
import { context, signRequest } from '../helpers/lambda';
import { HOUR, startReconciliation } from '../helpers/reconciliation';
import { refusal } from '../helpers/relay';
import { cleanUp, SECRET_ID, SECRET_KEY } from '../helpers/vod-client';
import { startWebhook, type Webhook } from '../helpers/webhook';

const KEYS = { secretId: 'AKIDexample', secretKey: 'secret-key-of-tencent' };

let webhook: Webhook;
let store: Store;

beforeAll(async () => {
  [webhook, store] = await Promise.all([
    startWebhook(),
    startStore({ '/vod/key': JSON.stringify(KEYS), '/vod/seal': 'seal-key-of-ours' }),
  ]);
});
afterAll(async () => {
  await Promise.all([webhook.stop(), store.close()]);
});

/** None of the lines contains any of these texts. */
function expectNone(lines: readonly object[], texts: readonly string[]): void {
  const written = lines.map((line) => JSON.stringify(line));
  expect(written.length).toBeGreaterThan(0);
  for (const text of texts) expect(written.filter((line) => line.includes(text))).toEqual([]);
}

test('no line of the webhook contains the body, the token, the SignKey or a Sign', async () => {
  const T = Math.floor(Date.now() / 1000) + 600;
  const Sign = createHash('md5').update(`SignKey1${T}`).digest('hex');
  const both = webhook.handler({
    CALLBACK_TOKEN_PARAMETER: '/vod/token',
    CALLBACK_SIGN_KEY_PARAMETER: '/vod/sign-key',
  });
  const events = [
    newFileUpload({ fileId: '387704', sourceContext: 'canary', url: 'http://canary/' }),
    newFileUpload({ fileId: '387704', sourceContext: 'another canary', url: 'http://canary/2' }),
    { EventType: 'NewFileUpload', FileUploadEvent: { FileId: '387705', canary: 'canary', MetaData: 'canary' } },
    { EventType: 'NewFileUpload', FileUploadEvent: { FileId: 'canary'.repeat(20) } },
    { EventType: 'NewFileUpload', FileUploadEvent: { FileId: ['canary'] } },
    { EventType: 'a canary', canary: 'canary' },
    { EventType: ['canary'] },
    '{"canary":',
    `"${'canary'.repeat(200_000)}"`,
    Buffer.from('canary \xff', 'latin1'),
  ];
  for (const event of events) {
    const body = typeof event === 'string' || Buffer.isBuffer(event) ? event : { ...event, Sign, T };
    for (const query of ['token=token-1', 'token=canary', `token=token-2&Sign=${Sign}&T=${T}`, 'canary=canary']) {
      await webhook.post(body, { query, headers: { authorization: 'canary', sign: 'canary', 'x-canary': 'canary' } });
      await webhook.post(body, { query }, both);
    }
  }
  expectNone(webhook.lines, ['canary', 'token-1', 'token-2', 'SignKey1', Sign, 'seal-new', 'seal-old']);
});

test('no line of the signing function contains the body, the caller, a secret or the signature', async () => {
  const lines: object[] = [];
  const start = (env: Record<string, string> = {}) => {
    const names = { VOD_KEY_PARAMETER: '/vod/key', SEAL_KEY_PARAMETER: '/vod/seal' };
    const policy = { ONE_TIME_VALID: 'false', ONE_TIME_VALID_FIXED: 'false', VALID_FOR: '60', VALID_FOR_MAX: '60' };
    return signUpload({
      config: signerConfig({ ...names, ...policy, ...env }),
      getParameters: store.getParameters,
      now: Date.now,
      random: () => randomInt(2 ** 32),
      log: (fields) => lines.push({ ...fields }),
    });
  };
  const limited = start({ SIGN_RATE_PER_MINUTE: '1', SIGN_RATE_BURST: '12' });
  const signatures: string[] = [];
  const bodies = [
    undefined,
    { sourceContext: 'canary', sessionContext: 'canary' },
    { sourceContext: 'canary'.repeat(50) },
    { procedure: 'canary' },
    { canary: 'canary' },
    '{"canary":',
    'canary'.repeat(4_000),
    '[]',
  ];
  for (const claims of [{ sub: 'caller-7' }, { sub: '', name: 'caller-7' }, { sub: 'caller-7'.repeat(20) }]) {
    for (const body of [...bodies, ...bodies]) {
      const { body: answered = '' } = await limited(signRequest(body, claims), context());
      signatures.push((JSON.parse(answered) as { signature?: string }).signature ?? '');
    }
  }
  store.parameters.set('/vod/key', '{"secretId":"canary"}');
  await start()(signRequest(), context());
  store.parameters.set('/vod/key', JSON.stringify(KEYS));
  const codes = new Set(lines.map((line) => (line as { code?: string }).code));
  const refusals = ['invalid-request', 'too-large', 'too-many-requests', 'forbidden', 'unavailable'];
  expect(codes).toEqual(new Set([undefined, ...refusals]));
  const issued = signatures.filter(Boolean);
  expect(issued.length).toBeGreaterThan(0);
  expectNone(lines, ['canary', KEYS.secretId, KEYS.secretKey, 'seal-key-of-ours', 'caller-7', ...issued]);
});

test("no line of verification or reconciliation contains a file's content, a caller or a secret", async () => {
  const world = await startReconciliation();
  try {
    const fileId = world.upload({ text: 'canary', uploader: 'caller-7', procedure: 'FailingPreset' });
    await world.processed(fileId);
    await world.deliver(newFileUpload({ fileId, sourceContext: 'canary', url: 'http://canary/' }));
    await world.deliver(procedureStateChanged({ fileId }, 'FINISH', { taskId: 'task-9', sessionContext: 'canary' }));
    world.api.answering = () => refusal('InvalidParameterValue');
    await world.verify();
    world.api.answering = (_, pass) => pass();
    await world.deliver(newFileUpload({ fileId: '999', sourceContext: 'canary', url: 'http://canary/' }));
    await world.verify();
    await world.pass(2 * HOUR);
    await world.run();
    await world.client.DeleteMedia({ FileId: fileId });
    await world.checkpoint.write('{}');
    await world.run();
    expect(await world.item(fileId)).toMatchObject({ status: 'deleted', uploader: 'caller-7' });
    const outcomes = world.lines.map(({ outcome }) => outcome);
    for (const outcome of ['no-answer', 'verified', 'unknown', 'deleted', 'reconciled']) {
      expect(outcomes).toContain(outcome);
    }
    expectNone(world.lines, ['canary', 'caller-7', 'holiday', SECRET_ID, SECRET_KEY, 'seal-new']);
  } finally {
    await world.stop();
    await cleanUp();
  }
});
