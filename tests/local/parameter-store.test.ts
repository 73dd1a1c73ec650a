import { GetParameterCommand, GetParametersCommand, ListDocumentsCommand, SSMClient } from '@aws-sdk/client-ssm';
import { startParameterStore, type ParameterStore } from '../../local/parameter-store';

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

test('GetParameter', async () => {
  expect(await one('/a')).toMatchObject({ Name: '/a', Type: 'SecureString', Value: 'value a' });
});

test('GetParameter of a name that is not there', async () => {
  await expect(one('/none')).rejects.toMatchObject({ name: 'ParameterNotFound' });
});

test('GetParameters, known and unknown', async () => {
  const { Parameters: parameters, InvalidParameters: unknown } = await ssm.send(
    new GetParametersCommand({ Names: ['/b', '/none', '/a'], WithDecryption: true }),
  );
  expect(parameters?.map(({ Name, Value }) => [Name, Value])).toEqual([
    ['/b', 'value b'],
    ['/a', 'value a'],
  ]);
  expect(unknown).toEqual(['/none']);
});

test('a secret is shown to who asks for decryption alone', async () => {
  expect((await one('/a', false))?.Value).not.toContain('value a');
});

test('a value that changes meanwhile', async () => {
  store.parameters.set('/a', 'changed');
  expect((await one('/a'))?.Value).toBe('changed');
  store.parameters.delete('/b');
  await expect(one('/b')).rejects.toMatchObject({ name: 'ParameterNotFound' });
});

test('more names than SSM takes, and another operation', async () => {
  const names = Array.from({ length: 11 }, (_, number) => String(number));
  const tooMany = ssm.send(new GetParametersCommand({ Names: names }));
  await expect(tooMany).rejects.toMatchObject({ name: 'ValidationException' });
  await expect(ssm.send(new ListDocumentsCommand({}))).rejects.toMatchObject({ name: 'UnknownOperationException' });
});
