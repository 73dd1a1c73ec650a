import { VodError } from '../../../lib/vod/api';
import { verifyPatiently } from '../../../lib/verification/verify-patiently';
import type { Candidate } from '../../../lib/verification/verify';
import { modelFile, startService } from '../../support/unit/service';
import { refusal } from '../../support/unit/vod-model';

const ids = (count: number) => Array.from({ length: count }, (_, index) => String(1_000 + index));

function startPatient(count: number) {
  const service = startService(ids(count).map((fileId) => modelFile(fileId)));
  const verify = (fileIds = ids(count)) => {
    const candidates = fileIds.map((fileId): Candidate => ({ fileId, row: service.store.get(fileId) }));
    const deadline = service.clock.now() + 60_000;
    return verifyPatiently(candidates, { ...service.deps, deadline, sleep: service.clock.sleep });
  };
  return { ...service, verifyPatiently: verify };
}

test('a call that succeeds is made once', async () => {
  const service = startPatient(20);
  const verified = await service.verifyPatiently();
  expect(new Set(verified.map(({ outcome }) => outcome))).toEqual(new Set(['written']));
  expect(service.vod.count('DescribeMediaInfos')).toBe(1);
});

test('a transient failure costs a pause and nothing else', async () => {
  const service = startPatient(20);
  service.vod.failWith((action) => {
    // The call about all of them, and those about the first and the last one.
    if (service.vod.count('DescribeMediaInfos') <= 3) throw refusal(action, 'InternalError');
  });
  const before = service.clock.now();
  const verified = await service.verifyPatiently();
  expect(new Set(verified.map(({ outcome }) => outcome))).toEqual(new Set(['written']));
  expect(service.clock.now() - before).toBeGreaterThanOrEqual(1_000);
});

test('H2: a file that makes its calls fail does not affect the others', async () => {
  const service = startPatient(20);
  service.vod.failWith((action, request) => {
    if (JSON.stringify(request).includes('"1007"')) throw refusal(action, 'InternalError');
  });
  const verified = await service.verifyPatiently();
  expect(verified.filter(({ outcome }) => outcome !== 'written')).toMatchObject([
    { fileId: '1007', outcome: 'waiting', openQuestion: 'no-response' },
  ]);
});

test('a write to which the table did not respond is retried', async () => {
  const service = startPatient(3);
  let failures = 2;
  service.store.failWith((method) => {
    if (method === 'replace' && failures-- > 0) throw new Error('InternalServerError');
  });
  const verified = await service.verifyPatiently();
  expect(verified.map(({ outcome }) => outcome)).toEqual(['written', 'written', 'written']);
});

test('throws when no service responds about several files, so that the caller keeps its position', async () => {
  const service = startPatient(2);
  service.vod.failWith((action) => {
    throw new VodError(action, 'VOD did not respond');
  });
  await expect(service.verifyPatiently()).rejects.toThrow('VOD or the table does not respond');
});

test('throws when VOD refuses the key, since every call would be refused', async () => {
  const service = startPatient(2);
  service.vod.failWith((action) => {
    throw refusal(action, 'AuthFailure.SecretIdNotFound');
  });
  await expect(service.verifyPatiently()).rejects.toThrow('VOD or the table does not respond');
});

test('files for which every call fails with an error of VOD do not stop the caller', async () => {
  const service = startPatient(2);
  service.vod.failWith((action) => {
    throw refusal(action, 'InternalError');
  });
  expect(await service.verifyPatiently()).toMatchObject([{ outcome: 'waiting' }, { outcome: 'waiting' }]);
});

test('H2: a refusal with a code is about that file, and is not retried', async () => {
  const service = startPatient(1);
  service.vod.failWith((action) => {
    throw refusal(action, 'InvalidParameterValue.FileIds');
  });
  expect(await service.verifyPatiently()).toMatchObject([{ outcome: 'waiting', openQuestion: 'no-response' }]);
  expect(service.vod.count('DescribeMediaInfos')).toBe(1);
});
