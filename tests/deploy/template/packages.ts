import { copyExampleTo, copyOfTheProject, type Copy, type Run } from '../../support/deploy/packaged';
import { TemplateReader } from '../../support/deploy/template';

// The deploys whose templates are tested. Each is packaged once for all areas.

export const PROD = {
  AWS_REGION: 'cn-north-1',
  JWT_ISSUER: 'https://id.example.net/pool',
  JWT_AUDIENCE: 'web, ios',
  // SSM accepts these names without a slash in front; their ARNs have one.
  VOD_KEY_PARAMETER: 'prod-vod-key',
  SEAL_KEY_PARAMETER: 'prod.seal',
  CALLBACK_TOKEN_PARAMETER: '',
  CALLBACK_SIGN_KEY_PARAMETER: '/prod/sign-key',
  ALARM_TOPIC_ARN: 'arn:aws-cn:sns:cn-north-1:123456789012:alarms',
  ALLOW_DELETE: 'true',
  VOD_WRITE_KEY_PARAMETER: '/prod/write-key',
  ALLOWED_CATEGORIES: 'Video',
};

/** As prod, with pulled events, an API key pair of its own, no secret of the webhook, and other features. */
const PULL = {
  ...PROD,
  EVENT_MODE: 'pull',
  EVENTS_ENDPOINT: 'function-url', // not used: no event is posted
  CALLBACK_SIGN_KEY_PARAMETER: '',
  VOD_API_URL: 'https://vod.intl.tencentcloudapi.com',
  VOD_API_KEY_PARAMETER: '/prod/api-key',
  VOD_SUB_APP_ID: '1500000001',
  ALLOW_DELETE: 'false',
  URL_KEY_PARAMETER: '/prod/url-key',
  UPLOADS_PER_DAY: '5',
};

/** Every optional feature, and a function URL for VOD's events. */
export const FULL = {
  ALARM_TOPIC_ARN: 'arn:aws:sns:ap-southeast-1:123456789012:alarms',
  EVENTS_ENDPOINT: 'function-url',
  EVENTS_RATE: '95',
  SIGNATURES_RATE: '70',
  NOTIFY_URL: 'https://app.example.com:8443/webhooks/vod?tenant=1',
  ALLOW_DELETE: 'true',
  VOD_WRITE_KEY_PARAMETER: '/dev/write-key',
  PLAYER_KEY_PARAMETER: '/dev/player-key',
  URL_KEY_PARAMETER: '/dev/url-key',
  PLAYBACK_APP_ID: '1500000002',
  PLAYBACK_CONTENT: 'Transcode',
  PLAYBACK_DEFINITION: '100030',
  PLAYBACK_SECONDS: '600',
  MAX_BYTES: '1073741824',
  MAX_SECONDS: '600',
  ALLOWED_CATEGORIES: 'Video,Audio',
  UPLOADS_PER_DAY: '20',
  REJECT_ACTION: 'forbid',
};

/** The resources of each optional feature, which begin with its name or are those of its route. */
export const FEATURE_RESOURCES = {
  notifyApp: [
    'NotifyAppAnnounceAlarm',
    'NotifyAppAnnounceFilter',
    'NotifyAppBacklogAlarm',
    'NotifyAppDeadLetters',
    'NotifyAppDeadLettersAlarm',
    'NotifyAppErrorsAlarm',
    'NotifyAppEventSourceMappingSQSNotifyAppQueue',
    'NotifyAppFailuresAlarm',
    'NotifyAppFailuresFilter',
    'NotifyAppLambdaFunction',
    'NotifyAppLateAlarm',
    'NotifyAppLateFilter',
    'NotifyAppLogGroup',
    'NotifyAppQueue',
    'NotifyAppRole',
    'NotifyAppSecretsFilter',
  ],
  deleteUpload: [
    'DeleteUpload5xxAlarm',
    'DeleteUploadErrorsAlarm',
    'DeleteUploadLambdaFunction',
    'DeleteUploadLambdaPermissionHttpApi',
    'DeleteUploadLogGroup',
    'DeleteUploadRole',
    'DeleteUploadSecretsFilter',
    'HttpApiIntegrationDeleteUpload',
    'HttpApiRouteDeleteUploadsFileidVar',
  ],
  playback: [
    'HttpApiIntegrationPlayback',
    'HttpApiRouteGetUploadsFileidVarPlayback',
    'Playback5xxAlarm',
    'PlaybackErrorsAlarm',
    'PlaybackLambdaFunction',
    'PlaybackLambdaPermissionHttpApi',
    'PlaybackLogGroup',
    'PlaybackRole',
    'PlaybackSecretsFilter',
  ],
  uploadQuota: ['UploadQuotaPolicy'],
  rejectAction: ['RejectActionFailuresAlarm', 'RejectActionFailuresFilter'],
} as const;
export type Feature = keyof typeof FEATURE_RESOURCES;

interface Packaged {
  readonly copy: Copy;
  readonly run: Run;
  readonly template: TemplateReader;
}

const PACKAGES = ['dev', 'prod', 'pull', 'full'] as const;
export type PackageName = (typeof PACKAGES)[number];

/** The features that are on in each package. */
export const FEATURES: Readonly<Record<PackageName, readonly Feature[]>> = {
  dev: [],
  prod: ['deleteUpload'],
  pull: ['playback', 'uploadQuota'],
  full: ['notifyApp', 'deleteUpload', 'playback', 'uploadQuota', 'rejectAction'],
};

const packages = new Map<PackageName, Packaged>();

beforeAll(async () => {
  const build = async (name: PackageName, stage: string, variables: Readonly<Record<string, string>>) => {
    const copy = await copyOfTheProject();
    if (stage === 'dev') await copyExampleTo(copy.directory);
    const run = await copy.serverless(['package', '--stage', stage], variables);
    if (run.code !== 0) throw new Error(`Cannot package ${stage}: ${run.stdout}`);
    packages.set(name, { copy, run, template: new TemplateReader(await copy.template()) });
  };
  await Promise.all([
    build('dev', 'dev', {}),
    build('prod', 'prod', PROD),
    build('pull', 'prod', PULL),
    build('full', 'dev', FULL),
  ]);
});

afterAll(() => Promise.all([...packages.values()].map(({ copy }) => copy.remove())));

/** @throws Error before all are packaged */
export function packaged(name: PackageName): Packaged {
  const found = packages.get(name);
  if (!found) throw new Error(`Cannot read the package ${name}: it has not been built`);
  return found;
}

/** @throws Error before all are packaged */
export function templateOf(name: PackageName): TemplateReader {
  return packaged(name).template;
}

/** One of the packages, while its tests are defined. */
export interface Package {
  readonly name: PackageName;
  readonly isProd: boolean;
  readonly isPulled: boolean;
  readonly has: (feature: Feature) => boolean;
}

export function describeEach(defineTests: (one: Package) => void): void {
  describe.each(PACKAGES)('serverless.yml packaged for %s', (name) => {
    defineTests({
      name,
      isProd: name === 'prod' || name === 'pull',
      isPulled: name === 'pull',
      has: (feature) => FEATURES[name].includes(feature),
    });
  });
}

/** The texts of alarms name the functions of both modes. */
export function omitDescriptions(name: string, value: unknown): unknown {
  return name === 'AlarmDescription' ? undefined : value;
}
