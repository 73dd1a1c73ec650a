import {
  GetParameterCommand,
  GetParametersCommand,
  ListDocumentsCommand,
  PutParameterCommand,
  SSMClient,
  type PutParameterCommandInput,
} from '@aws-sdk/client-ssm';
import { startParameterStore, type ParameterStore } from '../../local/services/parameter-store';

let store: ParameterStore;
let ssm: SSMClient;

beforeAll(async () => {
  store = await startParameterStore([
    ['/a', 'value a'],
    ['/b', 'value b'],
  ]);
  const credentials = { accessKeyId: 'x', secretAccessKey: 'x' };
  ssm = new SSMClient({ endpoint: store.url, region: 'ap-southeast-1', credentials, maxAttempts: 1 });
});

afterAll(async () => {
  ssm.destroy();
  await store.close();
});

const one = (name: string, decrypt = true) =>
  ssm.send(new GetParameterCommand({ Name: name, WithDecryption: decrypt })).then(({ Parameter }) => Parameter);

test('GetParameter returns a parameter', async () => {
  expect(await one('/a')).toMatchObject({ Name: '/a', Type: 'SecureString', Value: 'value a' });
});

test('GetParameter refuses a name that does not exist', async () => {
  await expect(one('/none')).rejects.toMatchObject({ name: 'ParameterNotFound' });
});

test('GetParameters returns known and unknown names apart', async () => {
  const { Parameters: parameters, InvalidParameters: unknown } = await ssm.send(
    new GetParametersCommand({ Names: ['/b', '/none', '/a'], WithDecryption: true }),
  );
  expect(parameters?.map(({ Name, Value }) => [Name, Value])).toEqual([
    ['/b', 'value b'],
    ['/a', 'value a'],
  ]);
  expect(unknown).toEqual(['/none']);
});

test('a secret is decrypted only with WithDecryption', async () => {
  expect((await one('/a', false))?.Value).not.toContain('value a');
});

test('a changed value is returned', async () => {
  store.parameters.set('/a', 'changed');
  expect((await one('/a'))?.Value).toBe('changed');
  store.parameters.delete('/b');
  await expect(one('/b')).rejects.toMatchObject({ name: 'ParameterNotFound' });
});

describe('PutParameter', () => {
  const put = (input: Omit<PutParameterCommandInput, 'Name'>) =>
    ssm.send(new PutParameterCommand({ Name: '/checkpoint', ...input })).then(({ Version }) => Version);

  test('creates a parameter, replaces it only with Overwrite, and counts versions', async () => {
    expect(await put({ Value: '{"at":1}', Type: 'String' })).toBe(1);
    await expect(put({ Value: '{"at":2}' })).rejects.toMatchObject({ name: 'ParameterAlreadyExists' });
    expect(await put({ Value: '{"at":2}', Overwrite: true })).toBe(2);
    expect(await one('/checkpoint', false)).toMatchObject({ Type: 'String', Value: '{"at":2}', Version: 2 });
  });

  test('refuses what SSM refuses: a new parameter without a type, an empty one, one that is too long', async () => {
    for (const [Name, Value] of [
      ['/new', 'x'],
      ['/checkpoint', ''],
      ['/checkpoint', 'x'.repeat(4097)],
    ] as const) {
      const refused = ssm.send(new PutParameterCommand({ Name, Value, Overwrite: true }));
      await expect(refused).rejects.toMatchObject({ name: 'ValidationException' });
    }
  });
});

test('more names than SSM accepts and unknown operations are refused', async () => {
  const names = Array.from({ length: 11 }, (_, number) => String(number));
  const tooMany = ssm.send(new GetParametersCommand({ Names: names }));
  await expect(tooMany).rejects.toMatchObject({ name: 'ValidationException' });
  await expect(ssm.send(new ListDocumentsCommand({}))).rejects.toMatchObject({ name: 'UnknownOperationException' });
});
