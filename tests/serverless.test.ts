import { pullConfig, webhookConfig } from '../lib/events/config';
import type { Environment } from '../lib/platform/env';
import { signerConfig } from '../lib/signing/config';
import { fromItem } from '../lib/uploads/row';
import { reconcileConfig, uploadChangedConfig } from '../lib/verification/config';
import { copyExampleTo, copyOfTheProject, type Copy, type Run } from './helpers/packaged';
import { TemplateReader, type Queue, type StreamMapping, type Table } from './helpers/template';

jest.setTimeout(300_000);

const PROD = {
  JWT_ISSUER: 'https://id.example.net/pool',
  JWT_AUDIENCE: 'web, ios',
  // SSM accepts these names without a slash in front; their ARNs have one.
  VOD_KEY_PARAMETER: 'prod-vod-key',
  SEAL_KEY_PARAMETER: 'prod.seal',
  CALLBACK_TOKEN_PARAMETER: '',
  CALLBACK_SIGN_KEY_PARAMETER: '/prod/sign-key',
  ALARM_TOPIC_ARN: 'arn:aws-cn:sns:cn-north-1:123456789012:alarms',
};

/** As prod, with pulled events, an API key pair of its own, and no secret of the webhook. */
const PULL = {
  ...PROD,
  EVENT_MODE: 'pull',
  CALLBACK_SIGN_KEY_PARAMETER: '',
  VOD_API_URL: 'https://vod.intl.tencentcloudapi.com',
  VOD_API_KEY_PARAMETER: '/prod/api-key',
  VOD_SUB_APP_ID: '1500000001',
};

interface Packaged {
  readonly copy: Copy;
  readonly run: Run;
  readonly template: TemplateReader;
}

const PACKAGES = ['dev', 'prod', 'pull'] as const;
type PackageName = (typeof PACKAGES)[number];

let packages: Readonly<Record<PackageName, Packaged>>;

beforeAll(async () => {
  const build = async (stage: string, variables: Readonly<Record<string, string>>): Promise<Packaged> => {
    const copy = await copyOfTheProject();
    if (stage === 'dev') await copyExampleTo(copy.directory);
    const run = await copy.serverless(['package', '--stage', stage], variables);
    if (run.code !== 0) throw new Error(`Cannot package ${stage}: ${run.stdout}`);
    return { copy, run, template: new TemplateReader(await copy.template()) };
  };
  const [dev, prod, pull] = await Promise.all([build('dev', {}), build('prod', PROD), build('prod', PULL)]);
  packages = { dev, prod, pull };
});

afterAll(() => Promise.all(PACKAGES.map((name) => packages[name].copy.remove())));

const LOGS = (name: string) => [`logs:CreateLogStream ${name}LogGroup.Arn`, `logs:PutLogEvents ${name}LogGroup.Arn`];
const HINTS = ['dynamodb:GetItem UploadsTable.Arn', 'dynamodb:UpdateItem UploadsTable.Arn'];
const parameter = (name: string) => `arn:\${AWS::Partition}:ssm:\${AWS::Region}:\${AWS::AccountId}:parameter${name}`;
const secrets = (...names: string[]) => names.map((name) => `ssm:GetParameters ${parameter(name)}`);
const CHECKPOINT = parameter('${ReconcileCheckpoint}');

describe.each(PACKAGES)('serverless.yml packaged for %s', (name) => {
  test('is packaged without credentials and without a network', () => {
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
    const key = { dev: '/vod-client-upload/dev/vod-key', prod: '/prod-vod-key', pull: '/prod-vod-key' }[name];
    const apiKey = name === 'pull' ? '/prod/api-key' : key;
    const seal = name === 'dev' ? '/vod-client-upload/dev/seal-key' : '/prod.seal';
    const callback = name === 'dev' ? '/vod-client-upload/dev/callback-token' : '/prod/sign-key';
    const roles: Record<string, string[]> = {
      UploadSignatureRole: [...LOGS('UploadSignature'), ...secrets(key, seal)],
      UploadChangedRole: [
        ...LOGS('UploadChanged'),
        ...secrets(apiKey, seal),
        'dynamodb:BatchGetItem UploadsTable.Arn',
        'dynamodb:UpdateItem UploadsTable.Arn',
        'dynamodb:DescribeStream UploadsTable.StreamArn',
        'dynamodb:GetRecords UploadsTable.StreamArn',
        'dynamodb:GetShardIterator UploadsTable.StreamArn',
        'dynamodb:ListStreams UploadsTable.StreamArn',
        'sqs:DeleteMessage VerificationQueue.Arn',
        'sqs:GetQueueAttributes VerificationQueue.Arn',
        'sqs:ReceiveMessage VerificationQueue.Arn',
        'sqs:SendMessage VerificationQueue.Arn',
        'sqs:SendMessage VerificationDeadLetters.Arn',
      ],
      ReconcileRole: [
        ...LOGS('Reconcile'),
        ...secrets(apiKey, seal),
        `ssm:GetParameters ${CHECKPOINT}`,
        `ssm:PutParameter ${CHECKPOINT}`,
        'dynamodb:BatchGetItem UploadsTable.Arn',
        'dynamodb:Scan UploadsTable.Arn',
        'dynamodb:UpdateItem UploadsTable.Arn',
        'sqs:SendMessage VerificationQueue.Arn',
      ],
      ...(name === 'pull'
        ? { PullEventsRole: [...LOGS('PullEvents'), ...secrets(apiKey, seal), ...HINTS] }
        : { VodEventsRole: [...LOGS('VodEvents'), ...secrets(callback, seal), ...HINTS] }),
    };
    expect(packages[name].template.permissions()).toEqual(roles);
    expect(packages[name].template.ofType('AWS::IAM::Policy')).toEqual([]);
    expect(JSON.stringify(packages[name].template.ofType('AWS::IAM::Role'))).not.toMatch(/\*|ManagedPolicyArns/);
  });

  test('gives each function its own role, and an environment with which its handler starts', () => {
    const readers: Record<string, (env: Environment) => unknown> = {
      UploadSignature: signerConfig,
      UploadChanged: uploadChangedConfig,
      Reconcile: reconcileConfig,
      ...(name === 'pull' ? { PullEvents: pullConfig } : { VodEvents: webhookConfig }),
    };
    const { template } = packages[name];
    const functions = template.functions();
    expect(functions.map((one) => one.id).sort()).toEqual(Object.keys(readers).sort());
    for (const { id, role, environment } of functions) {
      expect(role).toBe(`${id}Role`);
      expect(() => readers[id]?.(environment)).not.toThrow();
      if ('TABLE_NAME' in environment) expect(environment['TABLE_NAME']).toBe(template.table().TableName);
    }
  });

  test('runs scheduled functions to their end before the next run, without retries or a backlog', () => {
    const schedules = packages[name].template.schedules();
    expect(Object.fromEntries(schedules.map(({ id, rate }) => [id, rate]))).toEqual({
      Reconcile: 300,
      ...(name === 'pull' && { PullEvents: 60 }),
    });
    for (const { rate, timeout, maxRetries, maxAge } of schedules) {
      expect(timeout).toBeLessThan(rate);
      expect(maxRetries).toBe(0);
      expect(maxAge).toBeLessThanOrEqual(rate);
    }
  });

  test('delivers pushed rows from the stream, and retries them for as long as the stream keeps a record', () => {
    const mappings = packages[name].template.ofType<StreamMapping>('AWS::Lambda::EventSourceMapping');
    const streams = mappings.filter((mapping) => mapping.StartingPosition !== undefined);
    expect(mappings).toHaveLength(2);
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
        FilterCriteria: { Filters: [{ Pattern: '{"dynamodb":{"NewImage":{"trust":{"S":["pushed"]}}}}' }] },
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

  test('authenticates app users, throttles both routes, and logs neither headers nor query strings', () => {
    const { template } = packages[name];
    const push = name === 'pull' ? {} : { 'POST /vod-events': 'NONE' };
    expect(template.routes()).toEqual({ 'POST /upload-signature': 'JWT HttpApiAuthorizerAppUsers', ...push });
    const stage = template.properties('HttpApiStage');
    expect(stage['DefaultRouteSettings']).toEqual({ DetailedMetricsEnabled: true });
    expect(stage['RouteSettings']).toEqual({
      'POST /upload-signature': { ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100, DetailedMetricsEnabled: true },
      ...(name !== 'pull' && {
        'POST /vod-events': { ThrottlingRateLimit: 200, ThrottlingBurstLimit: 400, DetailedMetricsEnabled: true },
      }),
    });
    expect(JSON.stringify(stage['AccessLogSettings'])).not.toMatch(/authori|header|querystring|\$context\.path/i);
    expect(template.properties('HttpApiLogGroup')['LogGroupName']).toMatch(/^\/aws\/vendedlogs\//);
  });

  test('keeps logs for 14 days in dev and for 90 days in prod', () => {
    const groups = packages[name].template.ofType('AWS::Logs::LogGroup');
    expect(groups).toHaveLength(packages[name].template.functions().length + 1);
    for (const group of groups) expect(group['RetentionInDays']).toBe(name === 'dev' ? 14 : 90);
  });

  test('protects table and stack in prod, and never deletes a table that an update replaces', () => {
    const { resources } = packages[name].template;
    const table = packages[name].template.table();
    const isProd = name !== 'dev';
    expect(table.DeletionProtectionEnabled).toBe(isProd);
    expect(resources['UploadsTable']).toMatchObject({
      DeletionPolicy: isProd ? 'Retain' : 'Delete',
      UpdateReplacePolicy: 'Retain',
    });
  });
});

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

test('the table is created after an authorizer, a function and an alarm, whose failure it would outlive', () => {
  expect(packages.prod.template.resources['UploadsTable']?.DependsOn).toEqual([
    'HttpApiAuthorizerAppUsers',
    'UploadSignatureErrorsAlarm',
  ]);
});

test('a deploy that pulls events has nothing of the webhook, and one that is pushed events has nothing that pulls', () => {
  const [pushed, pulled] = [packages.prod, packages.pull].map(({ template }) => Object.keys(template.resources));
  const onlyPushed = pushed?.filter((id) => !pulled?.includes(id)) ?? [];
  const onlyPulled = pulled?.filter((id) => !pushed?.includes(id)) ?? [];
  expect(onlyPushed.filter((id) => !/VodEvents|VodDashevents/.test(id))).toEqual([]);
  expect(onlyPulled.filter((id) => !id.startsWith('PullEvents'))).toEqual([]);
  const withoutTexts = ({ template }: Packaged) =>
    JSON.stringify({ ...template.resources, ...template.outputs }, omitDescriptions);
  expect(withoutTexts(packages.pull)).not.toMatch(/vod-?events|callback/i);
  for (const name of ['dev', 'prod'] as const) expect(withoutTexts(packages[name])).not.toMatch(/pull-?events/i);
});

/** The texts of alarms name the functions of both modes. */
function omitDescriptions(name: string, value: unknown): unknown {
  return name === 'AlarmDescription' ? undefined : value;
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
    AllowMethods: ['POST'],
    AllowHeaders: ['authorization', 'content-type'],
    ExposeHeaders: ['retry-after'],
    MaxAge: 7200,
  });
  expect(prod.template.properties('HttpApi')).not.toHaveProperty('CorsConfiguration');
});
