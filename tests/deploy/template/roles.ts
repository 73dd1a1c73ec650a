import { describeEach, templateOf } from './packages';

const LOGS = (name: string) => [`logs:CreateLogStream ${name}LogGroup.Arn`, `logs:PutLogEvents ${name}LogGroup.Arn`];
const parameter = (name: string) => `arn:\${AWS::Partition}:ssm:\${AWS::Region}:\${AWS::AccountId}:parameter${name}`;
const secrets = (...names: string[]) => names.map((name) => `ssm:GetParameters ${parameter(name)}`);
const CHECKPOINT = parameter('${ReconcileCheckpoint}');
/** By its name, because the table is created after the roles. */
const tableArn = (stage: string) =>
  `arn:\${AWS::Partition}:dynamodb:\${AWS::Region}:\${AWS::AccountId}:table/vod-client-upload-${stage}-uploads-2`;

describeEach(({ name, isProd, isPulled, has }) => {
  const table = tableArn(isProd ? 'prod' : 'dev');
  const byUploader = `dynamodb:Query ${table}/index/byUploader`;
  const hints = [`dynamodb:GetItem ${table}`, `dynamodb:UpdateItem ${table}`];

  test('each role has exactly the actions that its function calls, each on one named resource', () => {
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
    expect(templateOf(name).permissions()).toEqual(roles);
    const template = templateOf(name);
    const policies = [...template.ofType('AWS::IAM::Role'), ...template.ofType('AWS::IAM::Policy')];
    expect(JSON.stringify(policies)).not.toMatch(/\*|ManagedPolicyArns/);
  });

  test('verification may read the stream, and with UPLOADS_PER_DAY three functions may count the index', () => {
    const stream = ['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams'];
    expect(templateOf(name).sharedPolicies()).toEqual({
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
});
