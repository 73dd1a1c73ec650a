import { pullConfig, webhookConfig } from '../../lib/events/config';
import { notifyConfig } from '../../lib/notifications/config';
import type { Environment } from '../../lib/platform/env';
import { playbackFunctionConfig } from '../../lib/playback/config';
import { signerConfig } from '../../lib/signing/config';
import { limitsConfig } from '../../lib/uploads/limits-config';
import { fromItem } from '../../lib/uploads/row';
import { deleteUploadConfig, readUploadsConfig } from '../../lib/users/config';
import { reconcileConfig, uploadChangedConfig } from '../../lib/verification/config';
import { copyExampleTo, copyOfTheProject, type Copy, type Run } from '../support/deploy/packaged';
import { TemplateReader, type Queue, type StreamMapping, type Table } from '../support/deploy/template';

jest.setTimeout(300_000);

const PROD = {
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
  CALLBACK_SIGN_KEY_PARAMETER: '',
  VOD_API_URL: 'https://vod.intl.tencentcloudapi.com',
  VOD_API_KEY_PARAMETER: '/prod/api-key',
  VOD_SUB_APP_ID: '1500000001',
  ALLOW_DELETE: 'false',
  URL_KEY_PARAMETER: '/prod/url-key',
  UPLOADS_PER_DAY: '5',
};

/** Every optional feature. */
const FULL = {
  NOTIFY_URL: 'https://app.example.com/hooks',
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
const FEATURE_RESOURCES = {
  notifyApp: [
    'NotifyAppAnnounceAlarm',
    'NotifyAppAnnounceFilter',
    'NotifyAppDeadLetters',
    'NotifyAppDeadLettersAlarm',
    'NotifyAppErrorsAlarm',
    'NotifyAppEventSourceMappingSQSNotifyAppQueue',
    'NotifyAppFailuresAlarm',
    'NotifyAppFailuresFilter',
    'NotifyAppLambdaFunction',
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
type Feature = keyof typeof FEATURE_RESOURCES;

interface Packaged {
  readonly copy: Copy;
  readonly run: Run;
  readonly template: TemplateReader;
}

const PACKAGES = ['dev', 'prod', 'pull', 'full'] as const;
type PackageName = (typeof PACKAGES)[number];

/** The features that are on in each package. */
const FEATURES: Readonly<Record<PackageName, readonly Feature[]>> = {
  dev: [],
  prod: ['deleteUpload'],
  pull: ['playback', 'uploadQuota'],
  full: ['notifyApp', 'deleteUpload', 'playback', 'uploadQuota', 'rejectAction'],
};

let packages: Readonly<Record<PackageName, Packaged>>;

beforeAll(async () => {
  const build = async (stage: string, variables: Readonly<Record<string, string>>): Promise<Packaged> => {
    const copy = await copyOfTheProject();
    if (stage === 'dev') await copyExampleTo(copy.directory);
    const run = await copy.serverless(['package', '--stage', stage], variables);
    if (run.code !== 0) throw new Error(`Cannot package ${stage}: ${run.stdout}`);
    return { copy, run, template: new TemplateReader(await copy.template()) };
  };
  const [dev, prod, pull, full] = await Promise.all([
    build('dev', {}),
    build('prod', PROD),
    build('prod', PULL),
    build('dev', FULL),
  ]);
  packages = { dev, prod, pull, full };
});

afterAll(() => Promise.all(PACKAGES.map((name) => packages[name].copy.remove())));

const LOGS = (name: string) => [`logs:CreateLogStream ${name}LogGroup.Arn`, `logs:PutLogEvents ${name}LogGroup.Arn`];
const parameter = (name: string) => `arn:\${AWS::Partition}:ssm:\${AWS::Region}:\${AWS::AccountId}:parameter${name}`;
const secrets = (...names: string[]) => names.map((name) => `ssm:GetParameters ${parameter(name)}`);
const CHECKPOINT = parameter('${ReconcileCheckpoint}');
/** By its name, because the table is created after the roles. */
const tableArn = (stage: string) =>
  `arn:\${AWS::Partition}:dynamodb:\${AWS::Region}:\${AWS::AccountId}:table/vod-client-upload-${stage}-uploads-2`;
/** What may still fail when the table is there, because it needs the table's stream. */
const AFTER_TABLE = ['UploadChangedEventSourceMappingDynamodbUploadsTable', 'UploadChangedStreamPolicy'];

describe.each(PACKAGES)('serverless.yml packaged for %s', (name) => {
  const isProd = name === 'prod' || name === 'pull';
  const isPulled = name === 'pull';
  const table = tableArn(isProd ? 'prod' : 'dev');
  const byUploader = `dynamodb:Query ${table}/index/byUploader`;
  const hints = [`dynamodb:GetItem ${table}`, `dynamodb:UpdateItem ${table}`];
  const has = (feature: Feature) => FEATURES[name].includes(feature);

  test('is packaged without credentials and without a network; dev with the values of .env.example', () => {
    expect(packages[name].run).toEqual({ code: 0, stdout: '' });
  });

  test('names no AWS partition and no host but service principals, so that it deploys in every partition', () => {
    const text = JSON.stringify(packages[name].template.resources).replaceAll(PROD.ALARM_TOPIC_ARN, '');
    expect(text).not.toMatch(/arn:aws/);
    const hosts = text.match(/[\w.-]*amazonaws\.com[\w.]*/g) ?? [];
    expect(hosts.filter((host) => !/^(lambda|apigateway|events)\.amazonaws\.com$/.test(host))).toEqual([]);
  });

  test('depends on existing resources only', () => {
    const { resources } = packages[name].template;
    const needed = Object.values(resources).flatMap((resource) => resource.DependsOn ?? []);
    expect(needed.filter((id) => !Object.hasOwn(resources, id))).toEqual([]);
  });

  test('gives each role exactly the actions that its function calls, each on one named resource', () => {
    const key = isProd ? '/prod-vod-key' : '/vod-client-upload/dev/vod-key';
    const apiKey = isPulled ? '/prod/api-key' : key;
    const seal = isProd ? '/prod.seal' : '/vod-client-upload/dev/seal-key';
    const callback = isProd ? '/prod/sign-key' : '/vod-client-upload/dev/callback-token';
    const writeKey = isProd ? '/prod/write-key' : '/dev/write-key';
    const playbackKeys = isPulled ? ['/prod/url-key'] : ['/dev/player-key', '/dev/url-key'];
    const roles: Record<string, string[]> = {
      UploadSignatureRole: [...LOGS('UploadSignature'), ...secrets(key, seal)],
      UploadsRole: [...LOGS('Uploads'), `dynamodb:BatchGetItem ${table}`, `dynamodb:GetItem ${table}`, byUploader],
      ...(has('deleteUpload') && { DeleteUploadRole: [...LOGS('DeleteUpload'), ...secrets(writeKey), ...hints] }),
      ...(has('playback') && {
        PlaybackRole: [...LOGS('Playback'), ...secrets(...playbackKeys), `dynamodb:GetItem ${table}`],
      }),
      ...(has('notifyApp') && {
        NotifyAppRole: [
          ...LOGS('NotifyApp'),
          ...secrets('/vod-client-upload/dev/notify-secret'),
          'sqs:ChangeMessageVisibility NotifyAppQueue.Arn',
          'sqs:DeleteMessage NotifyAppQueue.Arn',
          'sqs:GetQueueAttributes NotifyAppQueue.Arn',
          'sqs:ReceiveMessage NotifyAppQueue.Arn',
          'sqs:SendMessage NotifyAppDeadLetters.Arn',
        ],
      }),
      UploadChangedRole: [
        ...LOGS('UploadChanged'),
        ...secrets(apiKey, seal),
        ...(has('rejectAction') ? secrets(writeKey) : []),
        `dynamodb:BatchGetItem ${table}`,
        `dynamodb:UpdateItem ${table}`,
        'sqs:DeleteMessage VerificationQueue.Arn',
        'sqs:GetQueueAttributes VerificationQueue.Arn',
        'sqs:ReceiveMessage VerificationQueue.Arn',
        'sqs:SendMessage VerificationQueue.Arn',
        'sqs:SendMessage VerificationDeadLetters.Arn',
        ...(has('notifyApp') ? ['sqs:SendMessage NotifyAppQueue.Arn'] : []),
      ],
      ReconcileRole: [
        ...LOGS('Reconcile'),
        ...secrets(apiKey, seal),
        `ssm:GetParameters ${CHECKPOINT}`,
        `ssm:PutParameter ${CHECKPOINT}`,
        `dynamodb:BatchGetItem ${table}`,
        `dynamodb:Scan ${table}`,
        `dynamodb:UpdateItem ${table}`,
        'sqs:SendMessage VerificationQueue.Arn',
      ],
      ...(isPulled
        ? { PullEventsRole: [...LOGS('PullEvents'), ...secrets(apiKey, seal), ...hints] }
        : { VodEventsRole: [...LOGS('VodEvents'), ...secrets(callback, seal), ...hints] }),
    };
    expect(packages[name].template.permissions()).toEqual(roles);
    const { template } = packages[name];
    const policies = [...template.ofType('AWS::IAM::Role'), ...template.ofType('AWS::IAM::Policy')];
    expect(JSON.stringify(policies)).not.toMatch(/\*|ManagedPolicyArns/);
  });

  test('lets verification read the stream, and where UPLOADS_PER_DAY needs it, the functions that count the index', () => {
    const stream = ['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams'];
    expect(packages[name].template.sharedPolicies()).toEqual({
      UploadChangedStreamPolicy: {
        roles: ['UploadChangedRole'],
        permissions: stream.map((action) => `dynamodb:${action} UploadsTable.StreamArn`),
      },
      ...(has('uploadQuota') && {
        UploadQuotaPolicy: {
          roles: ['UploadSignatureRole', 'UploadChangedRole', 'ReconcileRole'],
          permissions: [byUploader],
        },
      }),
    });
  });

  test('has exactly the resources of the features that are on, and mentions no other feature', () => {
    const { resources, outputs } = packages[name].template;
    const known = Object.values(FEATURE_RESOURCES).flat();
    const wanted = FEATURES[name].flatMap((feature): readonly string[] => FEATURE_RESOURCES[feature]);
    expect(known.filter((id) => Object.hasOwn(resources, id)).sort()).toEqual([...wanted].sort());
    const text = JSON.stringify({ resources, outputs }, omitDescriptionsAndEnvironment);
    const off = (Object.keys(FEATURE_RESOURCES) as Feature[]).filter((feature) => !has(feature));
    expect(off.filter((feature) => new RegExp(feature, 'i').test(text))).toEqual([]);
  });

  test('gives each function its own role, and an environment with which its handler starts', () => {
    const readers: Record<string, (env: Environment) => unknown> = {
      UploadSignature: signerConfig,
      Uploads: readUploadsConfig,
      UploadChanged: uploadChangedConfig,
      Reconcile: reconcileConfig,
      ...(isPulled ? { PullEvents: pullConfig } : { VodEvents: webhookConfig }),
      ...(has('deleteUpload') && { DeleteUpload: deleteUploadConfig }),
      ...(has('playback') && { Playback: playbackFunctionConfig }),
      ...(has('notifyApp') && { NotifyApp: notifyConfig }),
    };
    const { template } = packages[name];
    const functions = template.functions();
    expect(functions.map((one) => one.id).sort()).toEqual(Object.keys(readers).sort());
    for (const { id, role, environment } of functions) {
      expect(role).toBe(`${id}Role`);
      expect(() => readers[id]?.(environment)).not.toThrow();
      const isWithoutTable = id === 'UploadSignature' && !has('uploadQuota');
      if ('TABLE_NAME' in environment) {
        expect(environment['TABLE_NAME']).toBe(isWithoutTable ? '' : template.table().TableName);
      }
    }
  });

  test('signs without the table and without limits unless a parameter sets them', () => {
    const files: Record<PackageName, string> = {
      dev: 'upload-signature',
      prod: 'upload-signature-with-limits',
      pull: 'upload-signature-with-quota',
      full: 'upload-signature-with-quota',
    };
    const signing = packages[name].template.functions().find(({ id }) => id === 'UploadSignature');
    expect(signing?.handler).toBe(`functions/${files[name]}.handler`);
  });

  test('runs scheduled functions to their end before the next run, without retries or a backlog', () => {
    const schedules = packages[name].template.schedules();
    expect(Object.fromEntries(schedules.map(({ id, rate }) => [id, rate]))).toEqual({
      Reconcile: 300,
      ...(isPulled && { PullEvents: 60 }),
    });
    for (const { rate, timeout, maxRetries, maxAge } of schedules) {
      expect(timeout).toBeLessThan(rate);
      expect(maxRetries).toBe(0);
      expect(maxAge).toBeLessThanOrEqual(rate);
    }
  });

  test('A17: delivers pushed rows from the stream, reports item failures, and retries while the stream keeps a record', () => {
    const mappings = packages[name].template.ofType<StreamMapping>('AWS::Lambda::EventSourceMapping');
    const streams = mappings.filter((mapping) => mapping.StartingPosition !== undefined);
    const announced = '{"trust":{"S":["confirmed"]},"status":{"S":["ready","failed","held","rejected","deleted"]}}';
    const filters = [
      { Pattern: '{"dynamodb":{"NewImage":{"trust":{"S":["pushed"]}}}}' },
      ...(has('notifyApp') ? [{ Pattern: `{"dynamodb":{"NewImage":${announced}}}` }] : []),
    ];
    expect(mappings).toHaveLength(has('notifyApp') ? 3 : 2);
    expect(streams).toEqual([
      {
        Enabled: true,
        EventSourceArn: { 'Fn::GetAtt': ['UploadsTable', 'StreamArn'] },
        FunctionName: { 'Fn::GetAtt': ['UploadChangedLambdaFunction', 'Arn'] },
        StartingPosition: 'TRIM_HORIZON',
        BatchSize: 100,
        MaximumRetryAttempts: -1,
        MaximumRecordAgeInSeconds: -1,
        BisectBatchOnFunctionError: true,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        FilterCriteria: { Filters: filters },
      },
    ]);
  });

  test('has a delay queue whose messages stay invisible while a batch is verified, and dead letters behind it', () => {
    const { template } = packages[name];
    const queue = template.queue('VerificationQueue');
    const timeout = template.functions().find(({ id }) => id === 'UploadChanged')?.timeout ?? 0;
    const mapping = template.properties('UploadChangedEventSourceMappingSQSVerificationQueue');
    expect(mapping).toMatchObject({
      EventSourceArn: { 'Fn::GetAtt': ['VerificationQueue', 'Arn'] },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      BatchSize: 100,
      MaximumBatchingWindowInSeconds: 1, // more than ten messages need one
      ScalingConfig: { MaximumConcurrency: 2 }, // AWS accepts no less
    });
    expect(queue.VisibilityTimeout).toBe(6 * timeout + 1);
    expect(queue.RedrivePolicy?.deadLetterTargetArn).toEqual({ 'Fn::GetAtt': ['VerificationDeadLetters', 'Arn'] });
    for (const one of template.ofType<Queue>('AWS::SQS::Queue')) {
      expect(one).toMatchObject({ SqsManagedSseEnabled: true, MessageRetentionPeriod: 14 * 24 * 3600 });
      expect(one).not.toHaveProperty('QueueName');
    }
  });

  test('authenticates app users on every route but that of VOD, throttles each, and logs neither headers nor queries', () => {
    const { template } = packages[name];
    const rates: Record<string, number> = {
      'POST /upload-signature': 50,
      'GET /uploads': 500,
      'GET /uploads/{fileId}': 500,
      ...(has('deleteUpload') && { 'DELETE /uploads/{fileId}': 50 }),
      ...(has('playback') && { 'GET /uploads/{fileId}/playback': 500 }),
      ...(!isPulled && { 'POST /vod-events': 200 }),
    };
    const authorizers = Object.keys(rates).map((key) => [
      key,
      key === 'POST /vod-events' ? 'NONE' : 'JWT HttpApiAuthorizerAppUsers',
    ]);
    expect(template.routes()).toEqual(Object.fromEntries(authorizers));
    const settings = Object.entries(rates).map(([key, rate]) => [
      key,
      { ThrottlingRateLimit: rate, ThrottlingBurstLimit: 2 * rate, DetailedMetricsEnabled: true },
    ]);
    const stage = template.properties('HttpApiStage');
    expect(stage['DefaultRouteSettings']).toEqual({ DetailedMetricsEnabled: true });
    expect(stage['RouteSettings']).toEqual(Object.fromEntries(settings));
    // AWS refuses the settings of a route that does not exist yet.
    const { DependsOn: needed = [] } = template.resources['HttpApiStage'] ?? {};
    const existing = [needed].flat().map((id) => template.resources[id]?.Properties['RouteKey']);
    expect(existing).toEqual(expect.arrayContaining(Object.keys(rates)));
    expect(JSON.stringify(stage['AccessLogSettings'])).not.toMatch(/authori|header|querystring|\$context\.path/i);
  });

  test('keeps logs for 14 days in dev and for 90 days in prod', () => {
    const groups = packages[name].template.ofType('AWS::Logs::LogGroup');
    expect(groups).toHaveLength(packages[name].template.functions().length + 1);
    for (const group of groups) expect(group['RetentionInDays']).toBe(isProd ? 90 : 14);
  });

  test("logs the functions' own lines, without Lambda's START, END and REPORT", () => {
    const functions = packages[name].template.ofType('AWS::Lambda::Function');
    expect(functions).not.toEqual([]);
    for (const { LoggingConfig } of functions) {
      expect(LoggingConfig).toEqual({ LogFormat: 'JSON', SystemLogLevel: 'WARN' });
    }
  });

  test('A10: protects the table in prod, but not an empty one of a first deploy that fails', () => {
    const { resources } = packages[name].template;
    expect(packages[name].template.table().DeletionProtectionEnabled).toBe(isProd);
    expect(resources['UploadsTable']).toMatchObject({
      DeletionPolicy: isProd ? 'RetainExceptOnCreate' : 'Delete',
      UpdateReplacePolicy: 'Retain',
    });
    const kept = Object.entries(resources).filter(([, { DeletionPolicy: policy = 'Delete' }]) => policy !== 'Delete');
    expect(kept.map(([id]) => id)).toEqual(isProd ? ['UploadsTable'] : []);
  });

  test('A10: creates the table after every resource but those that need its stream, and none waits for itself', () => {
    const { resources } = packages[name].template;
    const order = creationOrder(resources);
    expect([...order].sort()).toEqual(Object.keys(resources).sort());
    const before = ancestors(resources, 'UploadsTable');
    const after = Object.keys(resources).filter((id) => id !== 'UploadsTable' && !before.has(id));
    expect(after.sort()).toEqual(AFTER_TABLE);
    // The mapping asks whether its role may read the stream.
    expect(ancestors(resources, AFTER_TABLE[0] ?? '')).toContain('UploadChangedStreamPolicy');
    // Permission to create a policy and a mapping has been needed before.
    const types = [...before].map((id) => resources[id]?.Type);
    expect(types).toEqual(expect.arrayContaining(['AWS::Lambda::EventSourceMapping', 'AWS::IAM::Role']));
  });

  test('A19: has no log group but those of its functions and one of /aws/vendedlogs/, and no name for a queue', () => {
    const { template } = packages[name];
    const names = template.ofType('AWS::Logs::LogGroup').map(({ LogGroupName }) => String(LogGroupName));
    const stage = isProd ? 'prod' : 'dev';
    const prefix = `vod-client-upload-${stage}`;
    expect(names.filter((group) => !group.startsWith(`/aws/lambda/${prefix}-`))).toEqual([`/aws/vendedlogs/${prefix}`]);
  });
});

/** The logical ids that a resource needs first. */
function neededBy(resources: TemplateReader['resources'], id: string): string[] {
  const { DependsOn: needed = [], ...rest } = resources[id] ?? {};
  const text = JSON.stringify(rest);
  const mentions = (one: string) =>
    [`{"Ref":"${one}"}`, `{"Fn::GetAtt":["${one}",`, `\${${one}}`, `\${${one}.`].some((form) => text.includes(form));
  return Object.keys(resources).filter((one) => [needed].flat().includes(one) || mentions(one));
}

function ancestors(resources: TemplateReader['resources'], id: string): Set<string> {
  const found = new Set<string>();
  const visit = (one: string) => {
    for (const needed of neededBy(resources, one)) {
      if (found.has(needed)) continue;
      found.add(needed);
      visit(needed);
    }
  };
  visit(id);
  return found;
}

/** @throws Error where a resource waits for itself */
function creationOrder(resources: TemplateReader['resources']): Set<string> {
  const created = new Set<string>();
  const left = new Map(Object.keys(resources).map((id) => [id, neededBy(resources, id)]));
  while (left.size > 0) {
    const ready = [...left].filter(([, needed]) => needed.every((one) => created.has(one))).map(([id]) => id);
    if (ready.length === 0) throw new Error(`Cannot create ${[...left.keys()].join(', ')}: they wait for each other`);
    for (const id of ready) {
      created.add(id);
      left.delete(id);
    }
  }
  return created;
}

test('the table has a stream, encryption, recovery and expiry, and two indexes that later updates do not write', () => {
  const table: Table = packages.dev.template.table();
  expect(table).toMatchObject({
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [{ AttributeName: 'fileId', KeyType: 'HASH' }],
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    SSESpecification: { SSEEnabled: true },
    StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
    TimeToLiveSpecification: { Enabled: true },
  });
  expect(fromItem({ fileId: '1', [table.TimeToLiveSpecification.AttributeName]: 2 }).expiresAt).toBe(2);
  const keys = (hash: string) => [
    { AttributeName: hash, KeyType: 'HASH' },
    { AttributeName: 'sortTime', KeyType: 'RANGE' },
  ];
  expect(table.GlobalSecondaryIndexes).toEqual([
    {
      IndexName: 'byUploader',
      KeySchema: keys('uploader'),
      Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['sourceContext'] },
    },
    { IndexName: 'bySourceContext', KeySchema: keys('sourceContext'), Projection: { ProjectionType: 'KEYS_ONLY' } },
  ]);
});

test('a deploy with every feature has no resource beside those of the features and of a deploy without any', () => {
  const [plain, full] = [packages.dev, packages.full].map(({ template }) => Object.keys(template.resources));
  expect(plain?.filter((id) => !full?.includes(id))).toEqual([]);
  expect(full?.filter((id) => !plain?.includes(id)).sort()).toEqual(Object.values(FEATURE_RESOURCES).flat().sort());
});

/** @throws Error when the function is not deployed */
function environmentOf(template: TemplateReader, id: string): Environment {
  const found = template.functions().find((one) => one.id === id);
  if (!found) throw new Error(`Cannot find the function ${id} in the template`);
  return found.environment;
}

test('the functions of features get the values of their parameters', () => {
  const { template } = packages.full;
  const limits = {
    maxBytes: 1_073_741_824,
    maxSeconds: 600,
    allowedCategories: ['Video', 'Audio'],
    uploadsPerDay: 20,
    rejectAction: 'forbid',
  };
  const changed = uploadChangedConfig(environmentOf(template, 'UploadChanged'));
  expect(changed).toMatchObject({ limits, writeKeyParameter: '/dev/write-key' });
  const reconcile = environmentOf(template, 'Reconcile');
  expect(reconcileConfig(reconcile)).toMatchObject({ limits });
  expect(reconcile).not.toHaveProperty('VOD_WRITE_KEY_PARAMETER');
  const { maxSeconds: _, rejectAction: __, ...early } = limits;
  expect(limitsConfig(environmentOf(template, 'UploadSignature'))).toEqual(early);
  expect(readUploadsConfig(environmentOf(template, 'Uploads'))).toMatchObject({ showsUrls: false });
  expect(deleteUploadConfig(environmentOf(template, 'DeleteUpload'))).toMatchObject({
    keyParameter: '/dev/write-key',
    showsUrls: false,
  });
  expect(playbackFunctionConfig(environmentOf(template, 'Playback'))).toMatchObject({
    playback: { appId: 1_500_000_002, seconds: 600, content: { audioVideoType: 'Transcode', definition: 100_030 } },
    playerKeyParameter: '/dev/player-key',
    urlKeyParameter: '/dev/url-key',
  });
});

test('the functions of a deploy without features enforce no limit, show URLs and read no write key', () => {
  const { template } = packages.dev;
  const { limits, writeKeyParameter } = uploadChangedConfig(environmentOf(template, 'UploadChanged'));
  expect({ limits, writeKeyParameter }).toEqual({ limits: { allowedCategories: [] }, writeKeyParameter: undefined });
  expect(reconcileConfig(environmentOf(template, 'Reconcile')).limits).toEqual(limits);
  expect(limitsConfig(environmentOf(template, 'UploadSignature'))).toEqual(limits);
  expect(readUploadsConfig(environmentOf(template, 'Uploads'))).toMatchObject({ showsUrls: true });
});

test('a key for URLs alone switches playback on, for the application of VOD_SUB_APP_ID', () => {
  expect(playbackFunctionConfig(environmentOf(packages.pull.template, 'Playback'))).toMatchObject({
    playback: { appId: 1_500_000_001, seconds: 3600, content: { audioVideoType: 'Original' } },
    playerKeyParameter: undefined,
    urlKeyParameter: '/prod/url-key',
  });
});

test('a deploy that pulls events has nothing of the webhook, and one that is pushed events has nothing that pulls', () => {
  const features: readonly string[] = Object.values(FEATURE_RESOURCES).flat();
  const [pushed, pulled] = [packages.prod, packages.pull].map(({ template }) =>
    Object.keys(template.resources).filter((id) => !features.includes(id)),
  );
  const onlyPushed = pushed?.filter((id) => !pulled?.includes(id)) ?? [];
  const onlyPulled = pulled?.filter((id) => !pushed?.includes(id)) ?? [];
  expect(onlyPushed.filter((id) => !/VodEvents|VodDashevents/.test(id))).toEqual([]);
  expect(onlyPulled.filter((id) => !id.startsWith('PullEvents'))).toEqual([]);
  const withoutTexts = ({ template }: Packaged) =>
    JSON.stringify({ ...template.resources, ...template.outputs }, omitDescriptions);
  expect(withoutTexts(packages.pull)).not.toMatch(/vod-?events|callback/i);
  for (const name of ['dev', 'prod', 'full'] as const)
    expect(withoutTexts(packages[name])).not.toMatch(/pull-?events/i);
});

/** The texts of alarms name the functions of both modes. */
function omitDescriptions(name: string, value: unknown): unknown {
  return name === 'AlarmDescription' ? undefined : value;
}

/** Variables of a feature that is off are empty, or have its parameter's default. */
function omitDescriptionsAndEnvironment(name: string, value: unknown): unknown {
  return name === 'Environment' ? undefined : omitDescriptions(name, value);
}

test('app users come from the issuer and audiences of the stage, and pages from its origins, if it has any', () => {
  const { dev, prod } = packages;
  for (const [{ template }, Issuer, Audience] of [
    [dev, 'https://login.example.com/', ['my-app']],
    [prod, 'https://id.example.net/pool', ['web', 'ios']],
  ] as const) {
    expect(template.properties('HttpApiAuthorizerAppUsers')).toMatchObject({
      AuthorizerType: 'JWT',
      IdentitySource: ['$request.header.Authorization'],
      JwtConfiguration: { Issuer, Audience },
    });
  }
  expect(dev.template.properties('HttpApi')['CorsConfiguration']).toEqual({
    AllowOrigins: ['http://localhost:3000'],
    AllowMethods: ['GET', 'POST', 'DELETE'],
    AllowHeaders: [
      'authorization',
      'content-type',
      'if-none-match',
      'traceparent',
      'tracestate',
      'baggage',
      'sentry-trace',
    ],
    ExposeHeaders: ['www-authenticate', 'retry-after', 'etag'],
    MaxAge: 7200,
  });
  expect(prod.template.properties('HttpApi')).not.toHaveProperty('CorsConfiguration');
});
