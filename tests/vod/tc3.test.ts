import {
  apiClient,
  cleanUp,
  SECRET_ID,
  SECRET_KEY,
  start,
  tc3,
  type HttpResponse,
  type Tc3,
} from '../support/vod/vod-client';

afterEach(cleanUp);

describe('the TC3-HMAC-SHA256 check', () => {
  test.each([
    ['another key', { secretId: SECRET_ID, secretKey: 'other' }, 'AuthFailure.SignatureFailure'],
    ['another id', { secretId: 'AKIDother', secretKey: SECRET_KEY }, 'AuthFailure.SecretIdNotFound'],
  ])('refuses the vendor SDK with %s', async (_, credential, code) => {
    const { port } = await start();
    await expect(apiClient(port, credential).PullEvents({})).rejects.toMatchObject({ code });
  });

  test.each<[string, Partial<Tc3>, string]>([
    ['a valid signature', {}, ''],
    ['the real host', { host: 'vod.tencentcloudapi.com' }, ''],
    ['the international host', { host: 'vod.intl.tencentcloudapi.com' }, ''],
    ['the host in the path', { path: '/vod.tencentcloudapi.com/' }, ''],
    ['any other host', { host: 'anything.example' }, ''],
    ['a time 295 s ago', { late: 295 }, ''],
    ['a time 310 s ago', { late: 310 }, 'AuthFailure.SignatureExpire'],
    ['a time in 310 s', { late: -310 }, 'AuthFailure.SignatureExpire'],
    ['a changed body', { sent: '{"SubAppId":1}' }, 'AuthFailure.SignatureFailure'],
    ['a host that was not signed', { signedHeaders: 'content-type' }, 'AuthFailure.SignatureFailure'],
    ['the date of another day', { date: '2020-01-01' }, 'AuthFailure.SignatureFailure'],
    ['another algorithm', { authorization: 'TC3-HMAC-SHA1 x' }, 'AuthFailure.InvalidAuthorization'],
    ['no authorization', { authorization: '' }, 'AuthFailure.InvalidAuthorization'],
    ['an unknown action', { action: 'Invented' }, 'InvalidAction'],
    ['an inherited name as action', { action: 'constructor' }, 'InvalidAction'],
    ['another version', { version: '2024-07-18' }, 'NoSuchVersion'],
    ['an unknown parameter', { body: '{"Invented":1}' }, 'UnknownParameter'],
    ['a body that is not a JSON object', { body: '[]' }, 'InvalidParameter'],
    ['a missing parameter', { action: 'DeleteMedia' }, 'MissingParameter'],
    ['a parameter of the wrong type', { action: 'DeleteMedia', body: '{"FileId":1}' }, 'InvalidParameter'],
    ['the method PUT', { method: 'PUT' }, 'UnsupportedProtocol'],
  ])('a request with %s returns the documented code', async (_, options, code) => {
    const { port } = await start();
    const response = await tc3(port, { action: 'DescribeEventConfig', ...options });
    expect([response.status, codeOf(response)]).toEqual([200, code]);
    expect(JSON.parse(response.text)).toMatchObject({ Response: { RequestId: expect.any(String) as string } });
  });
});

function codeOf(response: HttpResponse): string {
  return (JSON.parse(response.text) as { Response: { Error?: { Code: string } } }).Response.Error?.Code ?? '';
}
