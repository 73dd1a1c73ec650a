import { killLocalVods, startLocalVod } from '../support/vod/local-vod';
import { apiClient, sendRequest, cleanUp, temporaryDirectory } from '../support/vod/vod-client';

afterEach(async () => {
  killLocalVods();
  await cleanUp();
});

test('tencentcloud-sdk-nodejs-vod lists, describes, pulls events of and deletes what npm run local-vod has', async () => {
  const vod = await startLocalVod(temporaryDirectory(), ['--mode', 'pull']);
  const files = ['first', 'second'].map((name) => ({ name, sourceContext: `order=${name}` }));
  const body = JSON.stringify({ files, events: true });
  expect((await sendRequest(vod.port, { method: 'POST', path: '/local/seed', body })).status).toBe(200);

  const client = apiClient(vod.port, { secretId: vod.valueOf('SecretId'), secretKey: vod.valueOf('SecretKey') });
  const listNames = async () =>
    (await client.SearchMedia({})).MediaInfoSet?.map(({ BasicInfo }) => BasicInfo?.Name).sort();
  expect(await listNames()).toEqual(['first', 'second']);
  const fileId = (await client.SearchMedia({ Names: ['first'] })).MediaInfoSet?.[0]?.FileId ?? '';
  const { MediaInfoSet } = await client.DescribeMediaInfos({ FileIds: [fileId] });
  expect(MediaInfoSet?.[0]?.BasicInfo?.SourceInfo?.SourceContext).toBe('order=first');
  await client.DeleteMedia({ FileId: fileId });
  expect(await listNames()).toEqual(['second']);
  const { EventSet = [] } = await client.PullEvents({});
  expect(EventSet.map(({ EventType }) => EventType).sort()).toEqual(['FileDeleted', 'NewFileUpload', 'NewFileUpload']);
  await client.ConfirmEvents({ EventHandles: EventSet.map(({ EventHandle = '' }) => EventHandle) });
  expect((await client.PullEvents({})).EventSet).toEqual([]);
  await vod.stop();
});
