import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { copyExampleTo, copyOfTheProject, type Copy, type Run, type Template } from './helpers/packaged';

jest.setTimeout(300_000);

const PROD = {
  JWT_ISSUER: 'https://id.example.net/pool',
  JWT_AUDIENCE: 'web, ios',
  // Names without a slash in front are as good to SSM; its ARNs have one all the same.
  VOD_KEY_PARAMETER: 'prod-vod-key',
  SEAL_KEY_PARAMETER: 'prod.seal',
  CALLBACK_TOKEN_PARAMETER: '',
  CALLBACK_SIGN_KEY_PARAMETER: '/prod/sign-key',
  ALARM_TOPIC_ARN: 'arn:aws-cn:sns:cn-north-1:123456789012:alarms',
};

/** As prod, but that events are pulled, with a key pair for that alone; and the webhook's secrets have no names. */
const PULL = {
  ...PROD,
  EVENT_MODE: 'pull',
  CALLBACK_SIGN_KEY_PARAMETER: '',
  VOD_API_URL: 'https://vod.intl.tencentcloudapi.com',
  VOD_API_KEY_PARAMETER: '/prod/api-key',
  VOD_SUB_APP_ID: '1500000001',
};

let dev: Copy;
let prod: Copy;
let pull: Copy;
let runs: { dev: Run; prod: Run; pull: Run };
let templates: { dev: Template; prod: Template; pull: Template };

beforeAll(async () => {
  [dev, prod, pull] = await Promise.all([copyOfTheProject(), copyOfTheProject(), copyOfTheProject()]);
  await copyExampleTo(dev.directory);
  const [devRun, prodRun, pullRun] = await Promise.all([
    dev.serverless(['package', '--stage', 'dev']),
    prod.serverless(['package', '--stage', 'prod'], PROD),
    pull.serverless(['package', '--stage', 'prod'], PULL),
  ]);
  runs = { dev: devRun, prod: prodRun, pull: pullRun };
  for (const { code, stdout } of Object.values(runs)) if (code !== 0) throw new Error(`Cannot package: ${stdout}`);
  templates = { dev: await dev.template(), prod: await prod.template(), pull: await pull.template() };
});

afterAll(() => Promise.all([dev.remove(), prod.remove(), pull.remove()]));

const STAGES = ['dev', 'prod'] as const;

const secret = (name: string) => ({
  'Fn::Sub': `arn:\${AWS::Partition}:ssm:\${AWS::Region}:\${AWS::AccountId}:parameter/${name}`,
});

/** The properties of the resource with this logical id. */
function properties(stage: keyof typeof templates, id: string): Readonly<Record<string, unknown>> {
  const resource = templates[stage].Resources[id];
  if (!resource) throw new Error(`Cannot find resource "${id}" in the template of ${stage}`);
  return resource.Properties;
}

function resourcesOf(stage: keyof typeof templates, type: string) {
  return Object.entries(templates[stage].Resources).filter(([, resource]) => resource.Type === type);
}

/** How often each function runs by itself, by the function's logical id. */
function schedules(stage: keyof typeof templates) {
  return Object.fromEntries(
    resourcesOf(stage, 'AWS::Events::Rule').flatMap(([, { Properties }]) => {
      const { ScheduleExpression, State, Targets } = Properties as {
        ScheduleExpression: string;
        State: string;
        Targets: { Arn: { 'Fn::GetAtt': [string, 'Arn'] } }[];
      };
      return Targets.map(({ Arn }) => [Arn['Fn::GetAtt'][0], State === 'ENABLED' && ScheduleExpression]);
    }),
  );
}

/** How often Lambda runs a scheduled function again that failed, likewise. */
function retries(stage: keyof typeof templates) {
  return Object.fromEntries(
    resourcesOf(stage, 'AWS::Lambda::EventInvokeConfig').map(([, { Properties }]) => {
      const { FunctionName, MaximumRetryAttempts } = Properties as {
        FunctionName: { Ref: string };
        MaximumRetryAttempts: number;
      };
      return [FunctionName.Ref, MaximumRetryAttempts];
    }),
  );
}

describe.each(STAGES)('the package for %s', (stage) => {
  test('is made without credentials and without a network', () => {
    expect(runs[stage]).toEqual({ code: 0, stdout: '' });
  });

  test.each([
    ['uploadSignature', 'functions/upload-signature.js', 'functions/vod-events.js'],
    ['vodEvents', 'functions/vod-events.js', 'functions/upload-signature.js'],
    ['reconcile', 'functions/reconcile.js', 'functions/vod-events.js'],
  ])('has a zip for %s alone', async (name, own, other) => {
    const zip = await readFile(join({ dev, prod }[stage].directory, '.serverless', `${name}.zip`), 'latin1');
    expect(zip).toContain(own);
    expect(zip).not.toContain(other);
  });

  test.each([
    ['UploadSignatureLambdaFunction', 'UploadSignatureRole', 10],
    ['VodEventsLambdaFunction', 'VodEventsRole', 25],
    ['ReconcileLambdaFunction', 'ReconcileRole', 290],
  ])('%s has its own role, its time, and no concurrency of its own', (id, role, timeout) => {
    const lambda = properties(stage, id);
    expect(lambda).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Timeout: timeout,
      Role: { 'Fn::GetAtt': [role, 'Arn'] },
    });
    expect(lambda).not.toHaveProperty('ReservedConcurrentExecutions');
  });

  test('has no roles but the three, and no managed policy in them', () => {
    const roles = resourcesOf(stage, 'AWS::IAM::Role');
    expect(roles.map(([id]) => id)).toEqual(['UploadSignatureRole', 'VodEventsRole', 'ReconcileRole']);
    for (const [, role] of roles) expect(role.Properties).not.toHaveProperty('ManagedPolicyArns');
    expect(resourcesOf(stage, 'AWS::IAM::Policy')).toEqual([]);
    expect(JSON.stringify(roles)).not.toContain('*');
  });

  test('names no partition of AWS but the one it is deployed to', () => {
    const text = JSON.stringify(templates[stage]).replaceAll(PROD.ALARM_TOPIC_ARN, '');
    expect(text).not.toMatch(/arn:aws/);
    expect(
      text.match(/[\w.-]*amazonaws\.com[\w.]*/g)?.filter((host) => !/^(lambda|apigateway|events)\./.test(host)),
    ).toEqual([]);
  });

  test('depends on nothing that is not there', () => {
    const { Resources } = templates[stage];
    const needed = Object.values(Resources).flatMap((resource) => resource.DependsOn ?? []);
    expect(needed.filter((id) => !(id in Resources))).toEqual([]);
  });

  test('asks app users for a token, and VOD for none', () => {
    const routes = resourcesOf(stage, 'AWS::ApiGatewayV2::Route').map(([, { Properties }]) => Properties);
    expect(routes).toEqual([
      expect.objectContaining({
        RouteKey: 'POST /upload-signature',
        AuthorizationType: 'JWT',
        AuthorizerId: { Ref: 'HttpApiAuthorizerAppUsers' },
      }),
      expect.not.objectContaining({ AuthorizationType: expect.anything() as unknown }),
    ]);
    expect(routes[1]).toMatchObject({ RouteKey: 'POST /vod-events' });
  });

  test('throttles the signing route alone, measures each route, and logs no token', () => {
    const httpStage = properties(stage, 'HttpApiStage');
    expect(httpStage['DefaultRouteSettings']).toEqual({ DetailedMetricsEnabled: true });
    expect(httpStage['RouteSettings']).toEqual({
      'POST /upload-signature': { ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100, DetailedMetricsEnabled: true },
    });
    expect(templates[stage].Resources['HttpApiStage']?.DependsOn).toContain('HttpApiRoutePostUploadDashsignature');
    expect(JSON.stringify(httpStage['AccessLogSettings'])).not.toMatch(/authori|header|querystring|\$context\.path/i);
  });

  test('alarms for each route, each function, failed writes, failed secrets, contradictions and refused deliveries', () => {
    const api = (resource: string) => [
      { Name: 'ApiId', Value: { Ref: 'HttpApi' } },
      { Name: 'Stage', Value: '$default' },
      { Name: 'Method', Value: 'POST' },
      { Name: 'Resource', Value: resource },
    ];
    const lambda = (id: string) => [{ Name: 'FunctionName', Value: { Ref: id } }];
    const own = `vod-client-upload/${stage}`;
    const alarms = resourcesOf(stage, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties);
    const atOnce = [300, 1];
    expect(
      alarms.map(({ Namespace, MetricName, Dimensions, Period, Threshold }) => [
        [Namespace, MetricName, Dimensions].filter(Boolean),
        [Period, Threshold],
      ]),
    ).toEqual([
      [['AWS/ApiGateway', '5xx', api('/upload-signature')], atOnce],
      [['AWS/Lambda', 'Errors', lambda('UploadSignatureLambdaFunction')], atOnce],
      [['AWS/Lambda', 'Throttles', lambda('UploadSignatureLambdaFunction')], atOnce],
      [['AWS/ApiGateway', '5xx', api('/vod-events')], atOnce],
      [['AWS/Lambda', 'Errors', lambda('VodEventsLambdaFunction')], atOnce],
      [['AWS/Lambda', 'Throttles', lambda('VodEventsLambdaFunction')], atOnce],
      [[own, 'FailedWrites'], atOnce],
      [[own, 'FailedSecretRefreshes'], atOnce],
      [
        [own, 'RefusedEvents', [{ Name: 'Code', Value: 'unauthorized' }]],
        [900, 5],
      ],
      [[own, 'Contradictions'], atOnce],
      [
        [own, 'FinishedReconciliations'],
        [3600, 1],
      ],
      [
        [own, 'LostEvents'],
        [3600, 20],
      ],
      [
        [own, 'DeletedRows'],
        [3600, 100],
      ],
      [[own, 'UnconfirmedRows'], atOnce],
    ]);
    for (const alarm of alarms) {
      // The one that goes off where nothing is counted.
      const isMissing = alarm['MetricName'] === 'FinishedReconciliations';
      expect(alarm).toMatchObject({
        Statistic: 'Sum',
        EvaluationPeriods: 1,
        ComparisonOperator: isMissing ? 'LessThanThreshold' : 'GreaterThanOrEqualToThreshold',
        TreatMissingData: isMissing ? 'breaching' : 'notBreaching',
        AlarmActions: stage === 'prod' ? [PROD.ALARM_TOPIC_ARN] : [],
      });
    }
  });

  test('watches a metric only where a filter makes it, with the same dimensions', () => {
    const made = resourcesOf(stage, 'AWS::Logs::MetricFilter').flatMap(([, { Properties }]) => {
      const of = Properties['MetricTransformations'] as {
        MetricNamespace: string;
        MetricName: string;
        Dimensions?: { Key: string }[];
      }[];
      return of.map(({ MetricNamespace, MetricName, Dimensions = [] }) =>
        [MetricNamespace, MetricName, ...Dimensions.map(({ Key }) => Key)].join(' '),
      );
    });
    const watched = resourcesOf(stage, 'AWS::CloudWatch::Alarm').flatMap(([, { Properties }]) => {
      const {
        Namespace,
        MetricName,
        Dimensions = [],
      } = Properties as {
        Namespace: string;
        MetricName: string;
        Dimensions?: { Name: string }[];
      };
      const metric = [Namespace, MetricName, ...Dimensions.map(({ Name }) => Name)].join(' ');
      return Namespace.startsWith('AWS/') ? [] : [metric];
    });
    expect(watched.length).toBeGreaterThan(0);
    expect(made).toEqual(expect.arrayContaining(watched));
  });

  test('counts what the functions log, each of them from its own log', () => {
    const filters = resourcesOf(stage, 'AWS::Logs::MetricFilter').map(([, { Properties }]) => Properties);
    const counts = (MetricName: string, dimensions: Record<string, string> = {}, MetricValue = '1') => [
      {
        MetricNamespace: `vod-client-upload/${stage}`,
        MetricName,
        MetricValue,
        ...(Object.keys(dimensions).length > 0 && {
          Dimensions: Object.entries(dimensions).map(([Key, Value]) => ({ Key, Value })),
        }),
      },
    ];
    const found = filters.map(({ LogGroupName, MetricTransformations }) => ({ LogGroupName, MetricTransformations }));
    const [signer, events] = [{ Ref: 'UploadSignatureLogGroup' }, { Ref: 'VodEventsLogGroup' }];
    const run = { Ref: 'ReconcileLogGroup' };
    const code = { Code: '$.code' };
    expect(found).toEqual([
      { LogGroupName: events, MetricTransformations: counts('FailedWrites') },
      { LogGroupName: signer, MetricTransformations: counts('FailedSecretRefreshes') },
      { LogGroupName: events, MetricTransformations: counts('FailedSecretRefreshes') },
      { LogGroupName: run, MetricTransformations: counts('FailedSecretRefreshes') },
      {
        LogGroupName: events,
        MetricTransformations: counts('Events', { EventType: '$.eventType', Outcome: '$.outcome' }),
      },
      { LogGroupName: events, MetricTransformations: counts('RefusedEvents', code) },
      { LogGroupName: events, MetricTransformations: counts('Contradictions') },
      { LogGroupName: signer, MetricTransformations: counts('Signatures') },
      { LogGroupName: signer, MetricTransformations: counts('RefusedSignatures', code) },
      { LogGroupName: run, MetricTransformations: counts('FinishedReconciliations') },
      { LogGroupName: run, MetricTransformations: counts('FilledRows', {}, '$.filled') },
      { LogGroupName: run, MetricTransformations: counts('LostEvents', {}, '$.lost') },
      { LogGroupName: run, MetricTransformations: counts('DeletedRows', {}, '$.deleted') },
      { LogGroupName: run, MetricTransformations: counts('FilledResults', {}, '$.results') },
      { LogGroupName: run, MetricTransformations: counts('CorrectedRows', {}, '$.corrected') },
      { LogGroupName: run, MetricTransformations: counts('UnconfirmedRows', {}, '$.unconfirmed') },
    ]);
  });

  test('keeps logs for a while', () => {
    const groups = resourcesOf(stage, 'AWS::Logs::LogGroup');
    expect(groups.map(([id, { Properties }]) => [id, Properties['RetentionInDays']])).toEqual(
      ['UploadSignatureLogGroup', 'VodEventsLogGroup', 'ReconcileLogGroup', 'HttpApiLogGroup'].map((id) => [
        id,
        { dev: 14, prod: 90 }[stage],
      ]),
    );
  });

  test('has the table, found by file, uploader and source context', () => {
    const index = (IndexName: string, hash: string, range = 'sortTime', ProjectionType = 'ALL') => ({
      IndexName,
      KeySchema: [
        { AttributeName: hash, KeyType: 'HASH' },
        { AttributeName: range, KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType },
    });
    const keys = ['fileId', 'uploader', 'sourceContext', 'sortTime', 'unchecked', 'updatedAt'];
    expect(properties(stage, 'UploadsTable')).toEqual({
      TableName: `vod-client-upload-${stage}-uploads`,
      BillingMode: 'PAY_PER_REQUEST',
      DeletionProtectionEnabled: stage === 'prod',
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      SSESpecification: { SSEEnabled: true },
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
      AttributeDefinitions: keys.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: [{ AttributeName: 'fileId', KeyType: 'HASH' }],
      GlobalSecondaryIndexes: [
        index('byUploader', 'uploader'),
        index('bySourceContext', 'sourceContext'),
        index('byUnchecked', 'unchecked', 'updatedAt', 'KEYS_ONLY'),
      ],
    });
    const policy = { dev: 'Delete', prod: 'Retain' }[stage];
    expect(templates[stage].Resources['UploadsTable']).toMatchObject({
      DeletionPolicy: policy,
      UpdateReplacePolicy: policy,
    });
  });

  test('says where it is', () => {
    const { Outputs } = templates[stage];
    expect(Object.fromEntries(Object.entries(Outputs).map(([name, { Value }]) => [name, Value]))).toMatchObject({
      UploadSignatureUrl: { 'Fn::Sub': '${HttpApi.ApiEndpoint}/upload-signature' },
      VodEventsUrl: { 'Fn::Sub': '${HttpApi.ApiEndpoint}/vod-events' },
      UploadsTableName: { Ref: 'UploadsTable' },
      UploadsTableArn: { 'Fn::GetAtt': ['UploadsTable', 'Arn'] },
      UploadsTableStreamArn: { 'Fn::GetAtt': ['UploadsTable', 'StreamArn'] },
    });
  });
});

describe('where events are pulled', () => {
  /** Of functions, what the framework and we name after them, and in texts. */
  const ofTheWebhook = /vod-?events|callback/i;

  test('there is no webhook, nor anything of it', () => {
    expect(runs.pull).toEqual({ code: 0, stdout: '' });
    expect(JSON.stringify(templates.pull)).not.toMatch(ofTheWebhook);
    expect(resourcesOf('pull', 'AWS::Lambda::Function').map(([id]) => id)).toEqual([
      'UploadSignatureLambdaFunction',
      'PullEventsLambdaFunction',
      'ReconcileLambdaFunction',
    ]);
    expect(resourcesOf('pull', 'AWS::IAM::Role').map(([id]) => id)).toEqual([
      'UploadSignatureRole',
      'PullEventsRole',
      'ReconcileRole',
    ]);
    expect(resourcesOf('pull', 'AWS::Logs::LogGroup').map(([id]) => id)).toEqual([
      'UploadSignatureLogGroup',
      'PullEventsLogGroup',
      'ReconcileLogGroup',
      'HttpApiLogGroup',
    ]);
  });

  test('signing and reconciling are as they were where they are pushed', () => {
    const both = /^(UploadSignature|HttpApi|Reconcile)/;
    for (const id of Object.keys(templates.prod.Resources).filter((id) => both.test(id))) {
      if (id.endsWith('LambdaFunction') || /VodEvents|VodDashevents/.test(id)) continue;
      // Its role names the key pair, which PULL chooses.
      if (id === 'ReconcileRole') continue;
      expect(templates.pull.Resources[id]).toEqual(templates.prod.Resources[id]);
    }
    expect(resourcesOf('pull', 'AWS::ApiGatewayV2::Route').map(([, route]) => route.Properties['RouteKey'])).toEqual([
      'POST /upload-signature',
    ]);
  });

  test('where they are pushed there is nothing that pulls', () => {
    for (const stage of STAGES) expect(JSON.stringify(templates[stage])).not.toMatch(/pull-?events/i);
  });

  test('the function runs every minute, ends before the next run, and is not run again for an error', () => {
    expect(properties('pull', 'PullEventsLambdaFunction')).toMatchObject({
      Timeout: 58,
      Role: { 'Fn::GetAtt': ['PullEventsRole', 'Arn'] },
      Environment: {
        Variables: {
          TABLE_NAME: 'vod-client-upload-prod-uploads',
          VOD_API_URL: 'https://vod.intl.tencentcloudapi.com',
          VOD_API_KEY_PARAMETER: '/prod/api-key',
          VOD_SUB_APP_ID: '1500000001',
          SEAL_KEY_PARAMETER: 'prod.seal',
        },
      },
    });
    expect(schedules('pull')).toMatchObject({ PullEventsLambdaFunction: 'rate(1 minute)' });
    expect(retries('pull')).toMatchObject({ PullEventsLambdaFunction: 0 });
  });

  test('an error, a failed write and a failed confirmation raise an alarm', () => {
    const alarms = resourcesOf('pull', 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties);
    expect(alarms).toContainEqual(
      expect.objectContaining({
        MetricName: 'Errors',
        Dimensions: [{ Name: 'FunctionName', Value: { Ref: 'PullEventsLambdaFunction' } }],
        AlarmActions: [PROD.ALARM_TOPIC_ARN],
      }),
    );
    const filters = resourcesOf('pull', 'AWS::Logs::MetricFilter').map(([, { Properties }]) => Properties);
    expect(filters).toContainEqual(
      expect.objectContaining({
        LogGroupName: { Ref: 'PullEventsLogGroup' },
        FilterPattern: '{ ($.outcome = "write-failed") || ($.outcome = "confirm-failed") }',
      }),
    );
    expect(alarms.map(({ MetricName }) => MetricName)).toContain('FailedWrites');
  });

  test('what is counted of the webhook is counted of the function', () => {
    const counted = (stage: 'prod' | 'pull', logGroup: string) =>
      resourcesOf(stage, 'AWS::Logs::MetricFilter').flatMap(([, { Properties }]) => {
        const { Ref: group } = Properties['LogGroupName'] as { Ref: string };
        return group === logGroup ? [Properties['MetricTransformations']] : [];
      });
    expect(counted('pull', 'PullEventsLogGroup')).toEqual(counted('prod', 'VodEventsLogGroup'));
  });

  test.each(['dev', 'pull'] as const)('print and deploy function know the same functions in %s', async (name) => {
    const [copy, own, other] = { dev: [dev, 'vodEvents', 'pullEvents'], pull: [pull, 'pullEvents', 'vodEvents'] }[
      name
    ] as [Copy, string, string];
    const variables = name === 'pull' ? PULL : {};
    const [printed, deployed] = await Promise.all([
      copy.serverless(['print', '--format', 'json', '--stage', 'dev'], variables),
      copy.serverless(['deploy', 'function', '--function', other, '--stage', 'dev'], variables),
    ]);
    const { functions } = JSON.parse(printed.stdout) as { functions: object };
    expect(Object.keys(functions)).toEqual(['uploadSignature', own, 'reconcile']);
    expect(deployed).toEqual({ code: 1, stdout: `Error:\nFunction "${other}" doesn't exist in this Service\n` });
  });
});

describe.each(['dev', 'prod', 'pull'] as const)('reconciliation in %s', (stage) => {
  test('runs every five minutes, ends before the next run, and is not run again for an error', () => {
    expect(schedules(stage)).toMatchObject({ ReconcileLambdaFunction: 'rate(5 minutes)' });
    expect(retries(stage)).toMatchObject({ ReconcileLambdaFunction: 0 });
  });

  test('knows the table, how to ask VOD, and where it goes on', () => {
    const name = stage === 'dev' ? 'dev' : 'prod';
    const key = { dev: '/vod-client-upload/dev/vod-key', prod: 'prod-vod-key', pull: '/prod/api-key' }[stage];
    expect(properties(stage, 'ReconcileLambdaFunction')['Environment']).toEqual({
      Variables: {
        TABLE_NAME: `vod-client-upload-${name}-uploads`,
        VOD_API_URL: stage === 'pull' ? PULL.VOD_API_URL : 'https://vod.tencentcloudapi.com',
        VOD_API_KEY_PARAMETER: key,
        VOD_SUB_APP_ID: stage === 'pull' ? PULL.VOD_SUB_APP_ID : '',
        SEAL_KEY_PARAMETER: stage === 'dev' ? '/vod-client-upload/dev/seal-key' : 'prod.seal',
        CHECKPOINT_PARAMETER: `/vod-client-upload/${name}/reconcile-checkpoint`,
      },
    });
    expect(properties(stage, 'ReconcileCheckpoint')).toEqual({
      Name: `/vod-client-upload/${name}/reconcile-checkpoint`,
      Type: 'String',
      Value: '{}',
    });
  });
});

describe('a function may do what it does, and nothing else', () => {
  const mayLog = (group: string) => ({
    Effect: 'Allow',
    Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    Resource: { 'Fn::GetAtt': [group, 'Arn'] },
  });
  const mayRead = (...names: string[]) => ({
    Effect: 'Allow',
    Action: 'ssm:GetParameters',
    Resource: names.map(secret),
  });
  const mayWrite = {
    Effect: 'Allow',
    Action: 'dynamodb:UpdateItem',
    Resource: { 'Fn::GetAtt': ['UploadsTable', 'Arn'] },
  };

  const policyNames = {
    UploadSignatureRole: 'upload-signature',
    VodEventsRole: 'vod-events',
    PullEventsRole: 'pull-events',
    ReconcileRole: 'reconcile',
  };

  const mayReconcile = [
    {
      Effect: 'Allow',
      Action: ['ssm:GetParameters', 'ssm:PutParameter'],
      Resource: {
        'Fn::Sub': 'arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${ReconcileCheckpoint}',
      },
    },
    {
      Effect: 'Allow',
      Action: ['dynamodb:BatchGetItem', 'dynamodb:Scan', 'dynamodb:UpdateItem'],
      Resource: { 'Fn::GetAtt': ['UploadsTable', 'Arn'] },
    },
    {
      Effect: 'Allow',
      Action: 'dynamodb:Query',
      Resource: { 'Fn::Sub': '${UploadsTable.Arn}/index/byUnchecked' },
    },
  ];

  test.each([
    [
      'dev',
      'UploadSignatureRole',
      [mayLog('UploadSignatureLogGroup'), mayRead('vod-client-upload/dev/vod-key', 'vod-client-upload/dev/seal-key')],
    ],
    [
      'dev',
      'VodEventsRole',
      [
        mayLog('VodEventsLogGroup'),
        mayRead('vod-client-upload/dev/callback-token', 'vod-client-upload/dev/seal-key'),
        mayWrite,
      ],
    ],
    [
      'dev',
      'ReconcileRole',
      [
        mayLog('ReconcileLogGroup'),
        mayRead('vod-client-upload/dev/vod-key', 'vod-client-upload/dev/seal-key'),
        ...mayReconcile,
      ],
    ],
    ['prod', 'UploadSignatureRole', [mayLog('UploadSignatureLogGroup'), mayRead('prod-vod-key', 'prod.seal')]],
    ['prod', 'VodEventsRole', [mayLog('VodEventsLogGroup'), mayRead('prod/sign-key', 'prod.seal'), mayWrite]],
    ['prod', 'ReconcileRole', [mayLog('ReconcileLogGroup'), mayRead('prod-vod-key', 'prod.seal'), ...mayReconcile]],
    ['pull', 'PullEventsRole', [mayLog('PullEventsLogGroup'), mayRead('prod/api-key', 'prod.seal'), mayWrite]],
    ['pull', 'ReconcileRole', [mayLog('ReconcileLogGroup'), mayRead('prod/api-key', 'prod.seal'), ...mayReconcile]],
  ] as const)('%s %s', (stage, role, statements) => {
    expect(properties(stage, role)['Policies']).toEqual([
      {
        PolicyName: policyNames[role],
        PolicyDocument: { Version: '2012-10-17', Statement: statements },
      },
    ]);
  });
});

describe('a function knows the names of its secrets and no secret', () => {
  test('the example, in dev', () => {
    expect(properties('dev', 'UploadSignatureLambdaFunction')['Environment']).toEqual({
      Variables: {
        VOD_KEY_PARAMETER: '/vod-client-upload/dev/vod-key',
        SEAL_KEY_PARAMETER: '/vod-client-upload/dev/seal-key',
        VOD_SUB_APP_ID: '',
        ONE_TIME_VALID: 'false',
        ONE_TIME_VALID_FIXED: 'false',
        VALID_FOR: '1800',
        VALID_FOR_MAX: '86400',
        PROCEDURES: '',
        DEFAULT_PROCEDURE: '',
        CLASS_IDS: '',
        STORAGE_REGIONS: '',
        SIGN_RATE_PER_MINUTE: '',
        SIGN_RATE_BURST: '12',
      },
    });
    expect(properties('dev', 'VodEventsLambdaFunction')['Environment']).toEqual({
      Variables: {
        TABLE_NAME: 'vod-client-upload-dev-uploads',
        CALLBACK_TOKEN_PARAMETER: '/vod-client-upload/dev/callback-token',
        CALLBACK_SIGN_KEY_PARAMETER: '',
        SEAL_KEY_PARAMETER: '/vod-client-upload/dev/seal-key',
      },
    });
  });

  test('the webhook never hears of the key pair', () => {
    for (const stage of STAGES) {
      const webhook = [properties(stage, 'VodEventsRole'), properties(stage, 'VodEventsLambdaFunction')];
      expect(JSON.stringify(webhook)).not.toMatch(/vod-key|VOD_KEY/);
    }
  });
});

describe('who may call', () => {
  test.each([
    ['dev', 'https://login.example.com/', ['my-app']],
    ['prod', 'https://id.example.net/pool', ['web', 'ios']],
  ] as const)('%s trusts its own issuer', (stage, Issuer, Audience) => {
    expect(properties(stage, 'HttpApiAuthorizerAppUsers')).toMatchObject({
      AuthorizerType: 'JWT',
      IdentitySource: ['$request.header.Authorization'],
      JwtConfiguration: { Issuer, Audience },
    });
  });

  test('pages of the named origins, which may read Retry-After, and of none when none is named', () => {
    expect(properties('dev', 'HttpApi')['CorsConfiguration']).toEqual({
      AllowOrigins: ['http://localhost:3000'],
      AllowMethods: ['POST'],
      AllowHeaders: ['authorization', 'content-type'],
      ExposeHeaders: ['retry-after'],
      MaxAge: 7200,
    });
    expect(properties('prod', 'HttpApi')).not.toHaveProperty('CorsConfiguration');
  });
});

describe('a parameter that cannot work', () => {
  const ISSUER =
    "JWT_ISSUER is missing, give the issuer of your users' tokens, for example JWT_ISSUER=https://login.example.com/";
  const AUDIENCE =
    "JWT_AUDIENCE is missing, give the aud of your users' tokens, several with commas between, for example JWT_AUDIENCE=my-app";
  const CALLBACK =
    'CALLBACK_TOKEN_PARAMETER and CALLBACK_SIGN_KEY_PARAMETER are both empty, name at least one, or anybody could post events, for example CALLBACK_TOKEN_PARAMETER=/vod-client-upload/dev/callback-token';
  const WILDCARD =
    'CORS_ORIGINS "*" is refused in prod, name the origins of your pages, for example CORS_ORIGINS=https://www.example.com';
  const caller = { JWT_ISSUER: 'https://login.example.com/', JWT_AUDIENCE: 'my-app' };

  test('stops the framework with one sentence and exit code 1, before anything is packaged', async () => {
    const copy = await copyOfTheProject();
    try {
      const outcomes = await Promise.all([
        copy.serverless(['package', '--stage', 'dev', '--param', 'JWT_AUDIENCE=my-app']),
        copy.serverless(['package', '--stage', 'prod'], { ...caller, CORS_ORIGINS: '*' }),
      ]);
      expect(outcomes).toEqual(
        [ISSUER, WILDCARD].map((sentence) => ({ code: 1, stdout: `Error:\nCannot package: ${sentence}\n` })),
      );
      expect(existsSync(join(copy.directory, '.serverless'))).toBe(false);
      expect(existsSync(join(copy.directory, '.esbuild', '.build', 'functions'))).toBe(false);
    } finally {
      await copy.remove();
    }
  });

  const check =
    jest.requireActual<
      (source: { resolveVariable: (address: string) => Promise<string> }) => Promise<{ problem: string }>
    >('../deploy/parameters.js');

  /** What is wrong when these differ from the example's. */
  async function problem(stage: string, changed: Readonly<Record<string, string>>): Promise<string> {
    const given: Readonly<Record<string, string>> = {
      ...caller,
      CORS_ORIGINS: '',
      VOD_SUB_APP_ID: '',
      VOD_API_URL: 'https://vod.tencentcloudapi.com',
      EVENT_MODE: 'push',
      ONE_TIME_VALID: 'false',
      ONE_TIME_VALID_FIXED: 'false',
      VALID_FOR: '1800',
      VALID_FOR_MAX: '86400',
      PROCEDURES: '',
      DEFAULT_PROCEDURE: '',
      CLASS_IDS: '',
      STORAGE_REGIONS: '',
      SIGN_RATE_PER_MINUTE: '',
      SIGN_RATE_BURST: '12',
      VOD_KEY_PARAMETER: '/k',
      VOD_API_KEY_PARAMETER: '',
      SEAL_KEY_PARAMETER: '/s',
      CALLBACK_TOKEN_PARAMETER: '/t',
      CALLBACK_SIGN_KEY_PARAMETER: '',
      ALARM_TOPIC_ARN: '',
      ...changed,
    };
    const resolveVariable = (address: string) => {
      const value = address === 'sls:stage' ? stage : given[address.replace('param:', '')];
      return value === undefined ? Promise.reject(new Error(`Cannot resolve ${address}`)) : Promise.resolve(value);
    };
    return (await check({ resolveVariable })).problem;
  }

  const issuer = (value: string) =>
    `JWT_ISSUER must be an https URL, spelled as your users' tokens have it in iss, not "${value}", for example JWT_ISSUER=https://login.example.com/`;
  const origin = (value: string) =>
    `CORS_ORIGINS must be origins as a browser spells them, scheme and host and no more, not "${value}", for example CORS_ORIGINS=https://www.example.com,http://localhost:3000`;
  const ceiling = (value: string) =>
    `VALID_FOR_MAX must be whole seconds from 1 to 7776000, not "${value}", for example VALID_FOR_MAX=86400`;
  const validity = (value: string, max = '86400') =>
    `VALID_FOR must be whole seconds from 1 to VALID_FOR_MAX (${max}), not "${value}", for example VALID_FOR=1800`;
  const rate = (value: string) =>
    `SIGN_RATE_PER_MINUTE must be a whole number from 1 to 1000000, or empty for no limit, not "${value}", for example SIGN_RATE_PER_MINUTE=30`;
  const burst = (value: string) =>
    `SIGN_RATE_BURST must be a whole number from 3, which is one upload, to 1000000, not "${value}", for example SIGN_RATE_BURST=12`;
  const apiUrl = (value: string) =>
    `VOD_API_URL must be an https URL without a path, not "${value}", for example VOD_API_URL=https://vod.tencentcloudapi.com`;
  const name = (parameter: string) =>
    `${parameter} must be the name of an SSM parameter (letters, digits and _.-, with a / in front if it has any), for example ${parameter}=/vod-client-upload/dev/my-secret`;

  test.each([
    [{ JWT_ISSUER: '' }, ISSUER],
    [{ JWT_ISSUER: 'login.example.com' }, issuer('login.example.com')],
    [{ JWT_ISSUER: 'http://login.example.com' }, issuer('http://login.example.com')],
    [{ JWT_ISSUER: 'http://localhost:3000' }, issuer('http://localhost:3000')],
    [{ JWT_ISSUER: ' https://login.example.com' }, issuer(' https://login.example.com')],
    [{ JWT_ISSUER: 'https://login.example.com/?a=b' }, issuer('https://login.example.com/?a=b')],
    [{ JWT_AUDIENCE: ' , ' }, AUDIENCE],
    [{ CORS_ORIGINS: 'https://a.example.com,https://b.example.com/' }, origin('https://b.example.com/')],
    [{ CORS_ORIGINS: 'a.example.com' }, origin('a.example.com')],
    [{ CORS_ORIGINS: 'https://*' }, origin('https://*')],
    [{ CORS_ORIGINS: 'https://A.example.com' }, origin('https://A.example.com')],
    [{ CORS_ORIGINS: 'null' }, origin('null')],
    [
      { CORS_ORIGINS: '*,https://a.example.com' },
      'CORS_ORIGINS has "*" and other origins, "*" has to stand alone, for example CORS_ORIGINS=*',
    ],
    [
      { VOD_SUB_APP_ID: 'app-1' },
      'VOD_SUB_APP_ID must be digits or empty, not "app-1", for example VOD_SUB_APP_ID=1500000001',
    ],
    [{ EVENT_MODE: 'poll' }, 'EVENT_MODE must be push or pull, not "poll", for example EVENT_MODE=push'],
    [{ VOD_API_URL: '' }, apiUrl('')],
    [{ VOD_API_URL: 'vod.tencentcloudapi.com' }, apiUrl('vod.tencentcloudapi.com')],
    [{ VOD_API_URL: 'http://localhost:3443' }, apiUrl('http://localhost:3443')],
    [{ VOD_API_URL: 'https://vod.tencentcloudapi.com/' }, apiUrl('https://vod.tencentcloudapi.com/')],
    [{ VOD_API_URL: 'https://a:b@vod.tencentcloudapi.com' }, apiUrl('https://a:b@vod.tencentcloudapi.com')],
    [{ ONE_TIME_VALID: '1' }, 'ONE_TIME_VALID must be true or false, not "1"'],
    [{ ONE_TIME_VALID_FIXED: 'yes' }, 'ONE_TIME_VALID_FIXED must be true or false, not "yes"'],
    [{ VALID_FOR_MAX: '7776001' }, ceiling('7776001')],
    [{ VALID_FOR_MAX: '1d' }, ceiling('1d')],
    [{ VALID_FOR: '0' }, validity('0')],
    [{ VALID_FOR: '1.5' }, validity('1.5')],
    [{ VALID_FOR: '' }, validity('')],
    [{ VALID_FOR: '601', VALID_FOR_MAX: '600' }, validity('601', '600')],
    [
      { PROCEDURES: 'A,B', DEFAULT_PROCEDURE: 'C' },
      'DEFAULT_PROCEDURE must be one of PROCEDURES, not "C", for example PROCEDURES=LongVideoPreset DEFAULT_PROCEDURE=LongVideoPreset',
    ],
    [{ SIGN_RATE_PER_MINUTE: '0' }, rate('0')],
    [{ SIGN_RATE_PER_MINUTE: '1.5' }, rate('1.5')],
    [{ SIGN_RATE_PER_MINUTE: '1000001' }, rate('1000001')],
    [{ SIGN_RATE_BURST: '2' }, burst('2')],
    [{ SIGN_RATE_BURST: '' }, burst('')],
    [{ CLASS_IDS: '0,-1' }, 'CLASS_IDS must be whole numbers from 0, not "-1", for example CLASS_IDS=0,1024'],
    [
      { VOD_KEY_PARAMETER: '' },
      'VOD_KEY_PARAMETER is missing, name the SSM parameter, for example VOD_KEY_PARAMETER=/vod-client-upload/dev/vod-key',
    ],
    [
      { SEAL_KEY_PARAMETER: '' },
      'SEAL_KEY_PARAMETER is missing, name the SSM parameter, for example SEAL_KEY_PARAMETER=/vod-client-upload/dev/seal-key',
    ],
    [{ CALLBACK_TOKEN_PARAMETER: '' }, CALLBACK],
    // A secret where its name belongs must not end up in a build log.
    [{ VOD_KEY_PARAMETER: '{"secretId":"a"}' }, name('VOD_KEY_PARAMETER')],
    [{ CALLBACK_TOKEN_PARAMETER: '/vod/*' }, name('CALLBACK_TOKEN_PARAMETER')],
    [{ VOD_API_KEY_PARAMETER: 'vod/key' }, name('VOD_API_KEY_PARAMETER')],
    [{ SEAL_KEY_PARAMETER: 'vod/seal' }, name('SEAL_KEY_PARAMETER')],
    // The webhook could read the key pair under the token's name.
    [
      { CALLBACK_TOKEN_PARAMETER: 'k' },
      'VOD_KEY_PARAMETER and CALLBACK_TOKEN_PARAMETER name one SSM parameter, each secret needs its own',
    ],
    [
      { EVENT_MODE: 'pull', VOD_API_KEY_PARAMETER: 's' },
      'VOD_API_KEY_PARAMETER and SEAL_KEY_PARAMETER name one SSM parameter, each secret needs its own',
    ],
    [
      { ALARM_TOPIC_ARN: 'alarms' },
      'ALARM_TOPIC_ARN must be the ARN of an SNS topic or empty, not "alarms", for example ALARM_TOPIC_ARN=arn:aws:sns:ap-southeast-1:123456789012:alarms',
    ],
  ])('%j', async (changed, sentence) => {
    expect(await problem('dev', changed)).toBe(sentence);
  });

  test.each([
    ['dev', {}],
    ['dev', { CORS_ORIGINS: '*' }],
    ['prod', { CORS_ORIGINS: 'https://www.example.com, http://localhost:3000,https://xn--r8jz45g.jp' }],
    ['dev', { VALID_FOR: '7776000', VALID_FOR_MAX: '7776000' }],
    ['dev', { PROCEDURES: 'A, B', DEFAULT_PROCEDURE: 'B', CLASS_IDS: '0, 12', VOD_SUB_APP_ID: '1500000001' }],
    ['dev', { SIGN_RATE_PER_MINUTE: '30', SIGN_RATE_BURST: '3' }],
    ['dev', { CALLBACK_TOKEN_PARAMETER: '', CALLBACK_SIGN_KEY_PARAMETER: 'sign-key' }],
    ['dev', { EVENT_MODE: 'pull', CALLBACK_TOKEN_PARAMETER: '' }],
    ['dev', { EVENT_MODE: 'pull', CALLBACK_TOKEN_PARAMETER: 'no name at all', VOD_API_KEY_PARAMETER: '/k' }],
    ['local', { VOD_API_URL: 'http://localhost:3443' }],
    ['local', { JWT_ISSUER: 'http://localhost:3000' }],
    ['local', { JWT_ISSUER: 'http://127.0.0.1:3000/issuer' }],
  ])('not so in %s: %j', async (stage, changed) => {
    expect(await problem(stage, changed)).toBe('');
  });
});

/** What creates and deletes a resource of each type of ours. */
const DEPLOYS: Readonly<Record<string, readonly string[]>> = {
  'AWS::ApiGatewayV2::Api': ['apigateway:POST', 'apigateway:DELETE'],
  'AWS::ApiGatewayV2::Authorizer': ['apigateway:POST', 'apigateway:DELETE'],
  'AWS::ApiGatewayV2::Integration': ['apigateway:POST', 'apigateway:DELETE'],
  'AWS::ApiGatewayV2::Route': ['apigateway:POST', 'apigateway:DELETE'],
  'AWS::ApiGatewayV2::Stage': ['apigateway:POST', 'apigateway:DELETE', 'logs:CreateLogDelivery'],
  'AWS::CloudWatch::Alarm': ['cloudwatch:PutMetricAlarm', 'cloudwatch:DeleteAlarms'],
  'AWS::DynamoDB::Table': ['dynamodb:CreateTable', 'dynamodb:DeleteTable', 'dynamodb:UpdateContinuousBackups'],
  'AWS::Events::Rule': ['events:PutRule', 'events:PutTargets', 'events:RemoveTargets', 'events:DeleteRule'],
  'AWS::IAM::Role': ['iam:CreateRole', 'iam:PutRolePolicy', 'iam:DeleteRolePolicy', 'iam:DeleteRole', 'iam:PassRole'],
  'AWS::Lambda::EventInvokeConfig': ['lambda:PutFunctionEventInvokeConfig', 'lambda:DeleteFunctionEventInvokeConfig'],
  'AWS::Lambda::Function': ['lambda:CreateFunction', 'lambda:DeleteFunction'],
  'AWS::Lambda::Permission': ['lambda:AddPermission', 'lambda:RemovePermission'],
  'AWS::Logs::LogGroup': ['logs:CreateLogGroup', 'logs:PutRetentionPolicy', 'logs:DeleteLogGroup'],
  'AWS::Logs::MetricFilter': ['logs:PutMetricFilter', 'logs:DeleteMetricFilter'],
  'AWS::S3::Bucket': ['s3:CreateBucket', 's3:DeleteBucket', 's3:PutObject', 's3:DeleteObject'],
  'AWS::S3::BucketPolicy': ['s3:PutBucketPolicy', 's3:DeleteBucketPolicy'],
  'AWS::SSM::Parameter': ['ssm:PutParameter', 'ssm:DeleteParameter'],
};

test('docs/deployer-policy.json allows to create and delete what the templates have, and can be a managed policy', async () => {
  const text = await readFile(join(__dirname, '../docs/deployer-policy.json'), 'utf8');
  const policy = JSON.parse(text) as { Statement: { Action: string | string[]; Resource: string | string[] }[] };
  const allowed = new Set(policy.Statement.flatMap(({ Action }) => Action));
  const types = Object.values(templates).flatMap(({ Resources }) => Object.values(Resources).map(({ Type }) => Type));
  const missing = [...new Set(types)].flatMap(
    (type) => DEPLOYS[type]?.filter((action) => !allowed.has(action)) ?? [`nobody knows what ${type} needs`],
  );
  expect(missing).toEqual([]);
  expect(JSON.stringify(policy).length).toBeLessThanOrEqual(6144);

  const names = JSON.stringify(templates.dev).match(/(?<=")(\/aws\/[\w-]+\/)?vod-client-upload-dev[\w-]*(?=")/g) ?? [];
  const patterns = policy.Statement.flatMap(({ Resource }) => Resource).map((arn) =>
    arn.split(/[:/](?=vod-|\/aws)/).pop(),
  );
  const isCovered = (name: string) =>
    patterns.some((of = '') => new RegExp(`^${of.replaceAll('*', '.*')}$`).test(name));
  expect(names.filter((name) => !isCovered(name))).toEqual([]);
});

test('the local run reads the resolved configuration', async () => {
  const { code, stdout } = await prod.serverless(
    ['print', '--format', 'json', '--stage', 'local', '--param', 'JWT_ISSUER=http://127.0.0.1:3000'],
    { JWT_AUDIENCE: 'local', CALLBACK_TOKEN_PARAMETER: '', CALLBACK_SIGN_KEY_PARAMETER: 'sign-key' },
  );
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    custom: { parameters: { issuer: 'http://127.0.0.1:3000', audience: ['local'], cors: false } },
    functions: {
      pullEvents: { handler: 'functions/pull-events.handler', events: [{ schedule: 'rate(1 minute)' }] },
      vodEvents: {
        handler: 'functions/vod-events.handler',
        environment: {
          TABLE_NAME: 'vod-client-upload-local-uploads',
          CALLBACK_TOKEN_PARAMETER: '',
          CALLBACK_SIGN_KEY_PARAMETER: 'sign-key',
        },
      },
    },
    resources: { Resources: { UploadsTable: { Type: 'AWS::DynamoDB::Table' } } },
  });
});
