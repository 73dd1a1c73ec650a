import { codeOf, isAccountError, isRateError, isTransient } from '../../../lib/vod/api';
import { adviseOn, VodError } from '../../../lib/vod/api-errors';

const refused = (code: string) => new VodError('DescribeMediaInfos', `VOD returned ${code}`, code);

// Codes of the public list (266/31774), of the common errors of Tencent Cloud's API, and of the vendor's SDKs for Go and Java.
const TRANSIENT = [
  'RequestLimitExceeded',
  'RequestLimitExceeded.UinLimitExceeded',
  'RequestLimitExceeded.IPLimitExceeded',
  'RequestLimitExceeded.GlobalRegionUinLimitExceeded',
  'InternalError',
  'InternalError.DBError',
  'InternalError.GetFileInfoError',
  'InternalError.GetMediaListError',
  'InternalError.UpdateMediaError',
  'FailedOperation.NetWorkError',
  'FailedOperation.NetworkError',
  'FailedOperation.DBError',
  'ServiceUnavailable',
];
const OF_THE_ACCOUNT = [
  'AuthFailure',
  'AuthFailure.InvalidSecretId',
  'AuthFailure.SecretIdNotFound',
  'AuthFailure.SignatureFailure',
  'AuthFailure.SignatureExpire',
  'AuthFailure.TokenFailure',
  'AuthFailure.UnauthorizedOperation',
  'AuthFailure.MFAFailure',
  'UnauthorizedOperation',
  'FailedOperation.InvalidVodUser',
  'FailedOperation.InvalidAccount',
  'FailedOperation.UserStatusInavlid',
  'FailedOperation.NoPrivileges',
  'InvalidParameterValue.SubAppId',
  'InvalidParameterValue.AppId',
  'ResourceNotFound.UserNotExist',
  'ResourceNotFound.ServiceNotExist',
  'IpInBlacklist',
  'IpNotInWhitelist',
];
const OF_THE_CALL = [
  'InvalidParameterValue.FileId',
  'InvalidParameterValue.FileIds',
  'InvalidParameter',
  'ResourceNotFound',
  'ResourceNotFound.FileNotExist',
  'ResourceUnavailable',
  'FailedOperation',
  'FailedOperation.MediaForbidedBySystem',
  'LimitExceeded',
  'UnsupportedOperation',
  'ResponseSizeLimitExceeded',
  'constructor',
  '',
];

test.each(TRANSIENT)('V11: %s is transient, and does not concern the account', (code) => {
  expect([isTransient(refused(code)), isAccountError(refused(code))]).toEqual([true, false]);
  expect(isRateError(refused(code))).toBe(code.startsWith('RequestLimitExceeded'));
});

test.each(OF_THE_ACCOUNT)('V11: %s concerns the account: it is not retried, and reported with what to do', (code) => {
  expect([isTransient(refused(code)), isAccountError(refused(code))]).toEqual([false, true]);
  expect(adviseOn(code, 'DescribeMediaInfos')?.length).toBeGreaterThan(20);
});

test.each(OF_THE_CALL)('H2: %j concerns only the call and its ids', (code) => {
  expect([isTransient(refused(code)), isAccountError(refused(code)), isRateError(refused(code))]).toEqual([
    false,
    false,
    false,
  ]);
  expect(adviseOn(code, 'DescribeMediaInfos')).toBeUndefined();
});

test('V11: a missing permission is reported with the action', () => {
  expect(adviseOn('UnauthorizedOperation', 'PullEvents')).toContain('vod:PullEvents');
});

test('a call without a response is transient, and has no code', () => {
  const error = new VodError('PullEvents', 'VOD did not respond: ECONNREFUSED');
  expect([codeOf(error), isTransient(error), isAccountError(error), isRateError(error)]).toEqual([
    undefined,
    true,
    false,
    false,
  ]);
});
