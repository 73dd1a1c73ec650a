import { environmentProblem } from '../../deploy/environment-size';
import { PARAMETERS, problemOf, defaultsOf } from '../../deploy/parameter-list';
import { problem } from '../support/deploy/deploy-parameters';

// Settings that AWS, or the functions, cannot work with: each is refused by name before the first call to AWS.

const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index));
const SECRETS = PARAMETERS.filter(({ isSecret }) => isSecret).map(({ name }) => name);

/** Every feature, so that every parameter is used. */
const FULL: Readonly<Record<string, string>> = {
  NOTIFY_URL: 'https://app.example.com/hooks',
  ALLOW_DELETE: 'true',
  VOD_WRITE_KEY_PARAMETER: '/w',
  PLAYER_KEY_PARAMETER: '/p',
  URL_KEY_PARAMETER: '/u',
  PLAYBACK_APP_ID: '1500000001',
};

describe('EVENTS_ENDPOINT=function-url', () => {
  const inRegion = (region: string) => problem('dev', { EVENTS_ENDPOINT: 'function-url' }, region);

  test.each(['ap-southeast-1', 'us-east-1', 'eu-central-1'])('a function URL is accepted in %s', async (region) => {
    expect(await inRegion(region)).toBe('');
  });

  test.each(['cn-north-1', 'cn-northwest-1', 'ap-south-2', 'me-central-1'])(
    'a function URL is refused in %s, where Lambda has none',
    async (region) => {
      expect(await inRegion(region)).toBe(
        'EVENTS_ENDPOINT must be api in a region without function URLs, not "function-url", for example EVENTS_ENDPOINT=api',
      );
    },
  );
});

describe('A9: the alarm topic', () => {
  const topic = (partition: string, region: string) => `arn:${partition}:sns:${region}:123456789012:alarms`;

  test.each([
    ['ap-southeast-1', topic('aws', 'ap-southeast-1')],
    ['cn-northwest-1', topic('aws-cn', 'cn-northwest-1')],
    ['us-gov-west-1', topic('aws-us-gov', 'us-gov-west-1')],
  ])('A9: an alarm topic in the region of the deploy (%s) is accepted: %s', async (region, value) => {
    expect(await problem('dev', { ALARM_TOPIC_ARN: value }, region)).toBe('');
  });

  test.each([
    ['another region', 'ap-southeast-1', topic('aws', 'us-east-1')],
    ['another region and partition', 'ap-southeast-1', topic('aws-cn', 'cn-north-1')],
    ['a partition that has no such region', 'ap-southeast-1', topic('aws-cn', 'ap-southeast-1')],
    ['the partition of commercial regions', 'cn-north-1', topic('aws', 'cn-north-1')],
    ['the partition of commercial regions', 'us-gov-west-1', topic('aws', 'us-gov-west-1')],
  ])('A9: an alarm topic in %s is refused in %s: %s', async (_, region, value) => {
    const partition = { 'cn-north-1': 'aws-cn', 'us-gov-west-1': 'aws-us-gov' }[region] ?? 'aws';
    expect(await problem('dev', { ALARM_TOPIC_ARN: value }, region)).toBe(
      `ALARM_TOPIC_ARN must name a topic in the region of the deploy, ${region}, not "${value}", for example ALARM_TOPIC_ARN=${topic(partition, region)}`,
    );
  });

  test.each([`${topic('aws', 'ap-southeast-1')}.fifo`, `${topic('aws', 'ap-southeast-1')}:1b2c`, 'arn:aws:sqs:a:1:b'])(
    'A9: an alarm topic that CloudWatch cannot notify is refused: %s',
    async (value) => {
      expect(await problem('dev', { ALARM_TOPIC_ARN: value })).toContain('must be the ARN of an SNS topic or empty');
    },
  );
});

describe('A9: the region', () => {
  test.each([
    ['', /^AWS_REGION is empty, and the deploy would then use us-east-1: set the region/],
    ['us-iso-east-1', /^AWS_REGION \(or --region\) "us-iso-east-1" is not supported/],
    ['eusc-de-east-1', /^AWS_REGION \(or --region\) "eusc-de-east-1" is not supported/],
  ])('A9: the region %j is refused, but not in the local run', async (region, message) => {
    expect(await problem('dev', {}, region)).toMatch(message);
    expect(await problem('local', { JWT_ISSUER: 'http://localhost:3000' }, region)).toBe('');
  });
});

describe.each(SECRETS)('A9: the SSM name in %s', (name) => {
  const refuse = (value: string, stage = 'dev') => problem(stage, { ...FULL, [name]: value });
  const example = `, for example ${name}=/vod-client-upload/dev/my-secret`;

  test('A9: a secret name that SSM reserves is refused, in upper or lower case', async () => {
    for (const value of ['/aws/x', 'aws-secret', '/AWSome', 'AwsKey', '/ssm/x', 'SSM.key', '/Ssm']) {
      expect(await refuse(value)).toBe(`${name} must not begin with "aws" or "ssm", which SSM reserves${example}`);
    }
    for (const value of ['/prod/aws/x', 'my-aws-key', '/a-ssm']) expect(await refuse(value)).toBe('');
  });

  test('A9: a secret name that refers to Secrets Manager is refused', async () => {
    expect(await refuse('/aws/reference/secretsmanager/vod-key')).toBe(
      `${name} names a secret of Secrets Manager, which the functions may not read: store it as an SSM SecureString${example}`,
    );
  });

  test('A9: a secret name over 15 levels, or over 1011 characters with the ARN, is refused', async () => {
    expect(await refuse('/a'.repeat(15))).toBe('');
    expect(await refuse('/a'.repeat(16))).toBe(`${name} has 16 levels, SSM's limit is 15${example}`);
    const prefix = 'arn:aws:ssm:ap-southeast-1:123456789012:parameter/'.length;
    expect(await refuse('n'.repeat(1011 - prefix))).toBe('');
    for (const length of [1012 - prefix, 1012]) {
      expect(await refuse('n'.repeat(length))).toBe(
        `${name} has ${length} characters, SSM's limit is 1011 with the ARN in front of it${example}`,
      );
    }
  });

  test('A9: a secret name of a parameter that a deployment overwrites is refused', async () => {
    for (const own of ['reconcile-checkpoint', 'registered', 'rotation']) {
      for (const stage of ['dev', 'prod']) {
        expect(await refuse(`/vod-client-upload/${stage}/${own}`)).toBe(
          `${name} is the parameter in which a deployment stores its own state (${own}), and your secret would be overwritten: choose another name${example}`,
        );
      }
      expect(await refuse(`/other/dev/${own}`)).toBe('');
    }
  });

  test('A9: a refused secret name is not repeated, because it may be a secret', async () => {
    for (const value of [
      's3cret value',
      '/a//b',
      'a/b',
      '/a/',
      'key:1',
      'arn:aws:ssm:x:1:parameter/k',
      's3cr\u0435t',
      's3cret\u200B',
    ]) {
      const message = await refuse(value);
      expect(message).toMatch(new RegExp(`^${name} `));
      expect(message).not.toContain(value);
      expect(message).not.toMatch(/U\+/);
    }
  });
});

describe('A9: characters', () => {
  /** Not seen, or taken for another one. */
  const INVISIBLE = [
    '\u200B',
    '\u00A0',
    '\u00AD',
    '\u2060',
    '\u202E',
    '\uFEFF',
    '\u3000',
    '\u0000',
    '\n',
    '\t',
    '\u3164',
    '\uFE0F',
  ];
  const LOOK_ALIKES = ['\u0430', '\u043E', '\u03BF', '\uFF41', '\u2010', '\u2019', '\uFF0F', '\uFF1A'];
  const context = (name: string, value: string) => ({
    values: { ...defaultsOf('dev'), ...FULL, [name]: value },
    stage: 'dev',
  });

  test.each(PARAMETERS.map(({ name }) => name))('A9: %s with an invisible character is refused by name', (name) => {
    const valid = PARAMETERS.find((one) => one.name === name)?.placeholder ?? exampleOf(name);
    for (const character of INVISIBLE) {
      for (const value of [`${valid}${character}`, `${character}${valid}`]) {
        expect([value, problemOf(name, context(name, value))]).toEqual([
          value,
          expect.stringMatching(new RegExp(`^${name} contains an invisible character.*, remove it`)),
        ]);
      }
    }
  });

  test.each(PARAMETERS.filter(({ isText }) => !isText).map(({ name }) => name))(
    'A9: %s with a look-alike of an ASCII character is refused by name',
    (name) => {
      for (const character of LOOK_ALIKES) {
        expect(problemOf(name, context(name, `${exampleOf(name)}${character}`))).toMatch(
          new RegExp(`^${name} contains a character.* that is not ASCII`),
        );
      }
    },
  );

  test.each([
    ['JWT_AUDIENCE', 'my-\u0430pp'],
    ['JWT_AUDIENCE', '\uFF4Dy-app'],
    ['JWT_AUDIENCE', 'web\uFF0Cios'],
    ['PROCEDURES', 'LongVide\u03BFPreset'],
  ])(
    'A9: a text that mixes Latin with its look-alikes is refused, and the message names the character: %s=%s',
    async (name, value) => {
      expect(await problem('dev', { [name]: value })).toMatch(
        new RegExp(`^${name} contains a character "." that is not ASCII \\(U\\+[0-9A-F]{4}, at position \\d+\\)`),
      );
    },
  );

  test.each([
    { JWT_AUDIENCE: '我的应用' },
    { JWT_AUDIENCE: 'мое-приложение' },
    { PROCEDURES: '转码（高清）, 任务流2', DEFAULT_PROCEDURE: '任务流2' },
  ])('A9: a text in one script is accepted: %j', async (changed) => {
    expect(await problem('dev', changed)).toBe('');
  });
});

function exampleOf(name: string): string {
  const example = PARAMETERS.find((parameter) => parameter.name === name)?.example ?? '';
  return typeof example === 'function' ? example('dev') : example;
}

describe('A9: lists', () => {
  test.each([
    [{ JWT_AUDIENCE: numbers(51).join(',') }, "JWT_AUDIENCE has 51 items, API Gateway's limit is 50"],
    [
      {
        CORS_ORIGINS: numbers(101)
          .map((one) => `https://${one}.example.com`)
          .join(','),
      },
      'CORS_ORIGINS has 101 items, the limit is 100',
    ],
    [{ JWT_AUDIENCE: 'web, ios,web' }, 'JWT_AUDIENCE contains "web" twice, name it once'],
    [
      { CORS_ORIGINS: 'https://a.example.com,https://a.example.com' },
      'CORS_ORIGINS contains "https://a.example.com" twice',
    ],
    [{ PROCEDURES: 'A,B,A' }, 'PROCEDURES contains "A" twice'],
    [{ CLASS_IDS: '1,2,1' }, 'CLASS_IDS contains "1" twice'],
    [{ STORAGE_REGIONS: 'ap-guangzhou,ap-guangzhou' }, 'STORAGE_REGIONS contains "ap-guangzhou" twice'],
    [{ ALLOWED_CATEGORIES: 'Video,Audio,Video' }, 'ALLOWED_CATEGORIES contains "Video" twice'],
    [
      { STORAGE_REGIONS: 'ap-guangzhou,Chongqing' },
      'STORAGE_REGIONS must be regions of Tencent Cloud, not "Chongqing"',
    ],
  ])('A9: a list that is too long, has duplicates or an invalid item is refused: %j', async (changed, message) => {
    expect(await problem('dev', changed)).toContain(message);
  });

  test('A9: lists with AWS’s maximum of items are accepted', async () => {
    const origins = numbers(100).map((one) => `https://${one}.example.com`);
    expect(await problem('dev', { JWT_AUDIENCE: numbers(50).join(','), CORS_ORIGINS: origins.join(',') })).toBe('');
  });
});

describe('A9: URLs that AWS cannot reach', () => {
  const PRIVATE = [
    'localhost',
    'login',
    '10.0.0.1',
    '[::1]',
    'login.internal',
    'login.local',
    'a.test',
    'a.home.arpa',
    'a.invalid',
    'nas.lan',
  ];

  test.each(['JWT_ISSUER', 'VOD_API_URL'])('A9: %s with a private host is refused', async (name) => {
    for (const host of PRIVATE) {
      expect(await problem('dev', { [name]: `https://${host}` })).toContain(
        `${name} names a host that AWS cannot reach, "https://${host}"`,
      );
    }
  });

  test('A9: an issuer with the path that AWS appends, or over 2048 characters, is refused', async () => {
    const discovery = 'https://id.example.net/.well-known/openid-configuration';
    expect(await problem('dev', { JWT_ISSUER: discovery })).toContain('JWT_ISSUER contains /.well-known/');
    expect(await problem('dev', { JWT_ISSUER: `https://id.example.net/${'x'.repeat(2048)}` })).toContain(
      'JWT_ISSUER must be at most 2048 characters long',
    );
  });
});

describe("A9: the functions' environment", () => {
  const functions = (environment: Readonly<Record<string, unknown>>) => ({
    reconcile: {},
    uploadSignature: { environment: { VALID_FOR: '1800', ...environment } },
  });
  const SMALL = JSON.stringify({ VALID_FOR: '1800', CLASS_IDS: '' }).length;

  test('A9: an environment over 4096 bytes as JSON is refused, and the message names its longest parameter', () => {
    expect(environmentProblem(functions({ CLASS_IDS: '1'.repeat(4096 - SMALL) }))).toBe('');
    expect(environmentProblem(functions({ CLASS_IDS: '1'.repeat(4097 - SMALL) }))).toBe(
      `CLASS_IDS is too long: it has ${4097 - SMALL} bytes, and the environment of uploadSignature would have 4097 bytes in total, Lambda's limit is 4096`,
    );
  });

  test('A9: the environment is measured in bytes, with room for values that are known only when it is deployed', () => {
    expect(environmentProblem(functions({ PROCEDURES: '流'.repeat(1400) }))).toContain(
      'PROCEDURES is too long: it has 4200 bytes',
    );
    const queue = { VERIFICATION_QUEUE_URL: { Ref: 'VerificationQueue' } };
    expect(environmentProblem(functions({ ...queue, CLASS_IDS: '1'.repeat(4000 - SMALL) }))).toContain(
      'CLASS_IDS is too long',
    );
  });
});

describe('N19: the values of .env.example', () => {
  test.each([
    [{ JWT_ISSUER: 'https://login.example.com/' }, 'JWT_ISSUER "https://login.example.com/"'],
    [{ JWT_ISSUER: 'https://login.example.com' }, 'JWT_ISSUER "https://login.example.com"'],
    [{ JWT_ISSUER: 'https://LOGIN.example.com/pool' }, 'JWT_ISSUER "https://LOGIN.example.com/pool"'],
    [{ JWT_AUDIENCE: 'my-app' }, 'JWT_AUDIENCE "my-app"'],
    [{ JWT_AUDIENCE: 'web, my-app' }, 'JWT_AUDIENCE "my-app"'],
    [{ CORS_ORIGINS: 'http://localhost:3000' }, 'CORS_ORIGINS "http://localhost:3000"'],
    [{ CORS_ORIGINS: 'https://app.example.net,http://localhost:3000' }, 'CORS_ORIGINS "http://localhost:3000"'],
    [{ SEAL_KEY_PARAMETER: '/vod-client-upload/dev/seal-key' }, 'SEAL_KEY_PARAMETER "/vod-client-upload/dev/seal-key"'],
  ])('N19: the example value %j is refused in prod, and accepted in dev', async (changed, shown) => {
    expect(await problem('prod', changed)).toBe(
      `${shown} is the example of .env.example and is refused in prod, set your own value`,
    );
    expect(await problem('dev', changed)).toBe('');
  });
});

describe('stages', () => {
  const message = (stage: string) =>
    `the stage "${stage}" looks like production, but only "prod" protects its table and stack: use --stage prod, or a name that does not suggest production, for example --stage staging`;

  test.each([
    'Prod',
    'PROD',
    'pRod',
    'production',
    'Production',
    'prd',
    'PRD',
    'live',
    'Live',
    'online',
    'pro',
    'prod2',
    'prod-2',
    'prod01',
    'prod-eu',
    'eu-prod',
    'prodEu',
    'euProd',
    'euprod',
    'my-prod-1',
    'prd1',
    'live-2',
    'pr0d',
    'Pr0d',
    'l1ve',
    '1ive',
    'prod-test',
    'pord',
    'products',
    'live2',
  ])('the stage %s, which looks like prod, is refused with a message', async (stage) => {
    expect(await problem(stage, {})).toBe(message(stage));
  });

  test.each([
    'dev',
    'staging',
    'test',
    'qa',
    'alice',
    'Dev',
    'feature-12',
    'deliver',
    'olive',
    '1',
    'promo',
    'x'.repeat(30),
    // These say that they are not production.
    'nonprod',
    'preprod',
    'reprod',
    'non-prod',
    'pre-prod',
    'nonProd',
    'preproduction',
    'not-live',
  ])('the stage %s is accepted', async (stage) => {
    expect(await problem(stage, {})).toBe('');
  });

  test.each([
    ['x'.repeat(31), /^the stage has 31 characters, the limit is 30, because Lambda accepts 64/],
    ['a_b', /^the stage must consist of ASCII letters, digits and hyphens/],
    ['a.b', /^the stage must consist of ASCII letters/],
    ['\uFF50\uFF52\uFF4F\uFF44', /^the stage must consist of ASCII letters/],
    ['', /^the stage must consist of ASCII letters/],
  ])('the stage %j, which names in AWS do not accept, is refused with a message', async (stage, expected) => {
    expect(await problem(stage, {})).toMatch(expected);
  });
});
