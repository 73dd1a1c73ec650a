import { apiClient, cleanUp, start, tc3, upload } from '../support/vod/vod-client';
import { PLAYER_KEY, URL_KEY } from '../support/vod/vod-playback';

afterEach(cleanUp);

test('DescribeVodDomains reports the host of the media URLs and the current key of Key hotlink protection', async () => {
  const { port } = await start({ urlKey: `${URL_KEY},old-key-1` });
  const { TotalCount, DomainSet } = await apiClient(port).DescribeVodDomains({});
  expect([TotalCount, DomainSet]).toEqual([
    1,
    [
      {
        Domain: `localhost:${port}`,
        DeployStatus: 'Online',
        HTTPSConfig: null,
        UrlSignatureAuthPolicy: { Status: 'Enabled', EncryptedKey: URL_KEY },
        RefererAuthPolicy: { Status: 'Disabled', AuthType: '', Referers: [], BlankRefererAllowed: '' },
        Type: 'VOD',
      },
    ],
  ]);
  const { video } = await upload(port);
  expect(new URL(video.url).host).toBe(DomainSet?.[0]?.Domain);
});

test('DescribeVodDomains filters by domain and returns pages', async () => {
  const { port } = await start();
  const describe = async (request: Parameters<ReturnType<typeof apiClient>['DescribeVodDomains']>[0]) => {
    const { TotalCount, DomainSet } = await apiClient(port).DescribeVodDomains(request);
    return [TotalCount, DomainSet?.length];
  };
  const Domains = [`localhost:${port}`, 'example.com'];
  expect(await describe({ Domains })).toEqual([1, 1]);
  expect(await describe({ Domains: ['example.com'] })).toEqual([0, 0]);
  expect(await describe({ Domains, Offset: 1 })).toEqual([1, 0]);
  expect(await describe({ Limit: 0 })).toEqual([1, 0]);
  await expect(describe({ Domains: Array<string>(21).fill('example.com') })).rejects.toMatchObject({
    code: 'InvalidParameterValue.Domains',
  });
});

test('DescribeDefaultDistributionConfig reports the domain, the scheme and the current player key', async () => {
  const { port } = await start({ playerKey: `${PLAYER_KEY},old-key-1` });
  expect(await apiClient(port).DescribeDefaultDistributionConfig({})).toMatchObject({
    Domain: `localhost:${port}`,
    Scheme: 'HTTP',
    PlayKey: PLAYER_KEY,
  });
});

test('without the options both keys are reported as switched off', async () => {
  const client = apiClient((await start()).port);
  expect((await client.DescribeVodDomains({})).DomainSet?.[0]?.UrlSignatureAuthPolicy).toEqual({
    Status: 'Disabled',
    EncryptedKey: '',
  });
  expect((await client.DescribeDefaultDistributionConfig({})).PlayKey).toBe('');
});

test('the actions of playback and deletion are counted, refused calls included', async () => {
  const vod = await start();
  const client = apiClient(vod.port);
  await client.DescribeVodDomains({});
  await client.DescribeDefaultDistributionConfig({});
  await client.ForbidMediaDistribution({ FileIds: ['1'], Operation: 'forbid' });
  await expect(client.DeleteMedia({ FileId: '1' })).rejects.toMatchObject({ code: 'ResourceNotFound' });
  await tc3(vod.port, { action: 'DeleteMedia', secretKey: 'wrong' });
  expect(vod.calls).toMatchObject({
    DescribeVodDomains: 1,
    DescribeDefaultDistributionConfig: 1,
    ForbidMediaDistribution: 1,
    DeleteMedia: 2,
    DescribeMediaInfos: 0,
  });
});
