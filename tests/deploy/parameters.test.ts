import { parameters, problem } from '../support/deploy/deploy-parameters';

const ISSUER =
  "JWT_ISSUER is missing, set it to the iss of your users' tokens, for example JWT_ISSUER=https://login.example.com/";
const AUDIENCE =
  "JWT_AUDIENCE is missing, set it to the aud of your users' tokens; separate several with commas, for example JWT_AUDIENCE=my-app";
const CALLBACK =
  'CALLBACK_TOKEN_PARAMETER and CALLBACK_SIGN_KEY_PARAMETER are both empty, so anyone could post events: set at least one, for example CALLBACK_TOKEN_PARAMETER=/vod-client-upload/dev/callback-token';
const issuer = (value: string) =>
  `JWT_ISSUER must be an https URL, identical to iss in your users' tokens, not "${value}", for example JWT_ISSUER=https://login.example.com/`;
const origin = (value: string) =>
  `CORS_ORIGINS must be origins: scheme, host and port (if not the default), without a path or trailing slash, not "${value}", for example CORS_ORIGINS=https://www.example.com,http://localhost:3000`;
const ceiling = (value: string) =>
  `VALID_FOR_MAX must be whole seconds from 1 to 7776000, not "${value}", for example VALID_FOR_MAX=86400`;
const validity = (value: string, max = '86400') =>
  `VALID_FOR must be whole seconds from 1 to VALID_FOR_MAX (${max}), not "${value}", for example VALID_FOR=1800`;
const rate = (value: string) =>
  `SIGN_RATE_PER_MINUTE must be a whole number from 1 to 1000000, or empty for no limit, not "${value}", for example SIGN_RATE_PER_MINUTE=30`;
const eventsRate = (value: string) =>
  `EVENTS_RATE must be a whole number of events a second from 1 to 10000, not "${value}", for example EVENTS_RATE=200`;
const burst = (value: string) =>
  `SIGN_RATE_BURST must be a whole number from 3, which is one upload, to 1000000, not "${value}", for example SIGN_RATE_BURST=12`;
const apiUrl = (value: string) =>
  `VOD_API_URL must be an https URL without a path, not "${value}", for example VOD_API_URL=https://vod.tencentcloudapi.com`;
const notifyUrl = (value: string) =>
  `NOTIFY_URL must be an https URL with a public host name, or empty, not "${value}", for example NOTIFY_URL=https://app.example.com/webhooks/vod`;
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
  [{ EVENTS_RATE: '0' }, eventsRate('0')],
  [{ EVENTS_RATE: '10001' }, eventsRate('10001')],
  [
    { EVENTS_ENDPOINT: 'url' },
    'EVENTS_ENDPOINT must be one of: api, function-url, not "url", for example EVENTS_ENDPOINT=api',
  ],
  [
    { SIGNATURES_RATE: '10001' },
    'SIGNATURES_RATE must be a whole number of requests a second from 1 to 10000, not "10001", for example SIGNATURES_RATE=50',
  ],
  [{ CLASS_IDS: '0,-1' }, 'CLASS_IDS must be whole numbers from 0, not "-1", for example CLASS_IDS=0,1024'],
  [
    { VOD_KEY_PARAMETER: '' },
    'VOD_KEY_PARAMETER is missing, set it to the name of the SSM parameter, for example VOD_KEY_PARAMETER=/vod-client-upload/dev/vod-key',
  ],
  [
    { SEAL_KEY_PARAMETER: '' },
    'SEAL_KEY_PARAMETER is missing, set it to the name of the SSM parameter, for example SEAL_KEY_PARAMETER=/vod-client-upload/dev/seal-key',
  ],
  [{ CALLBACK_TOKEN_PARAMETER: '' }, CALLBACK],
  // A secret given in place of its name must not appear in a build log.
  [{ VOD_KEY_PARAMETER: '{"secretId":"a"}' }, name('VOD_KEY_PARAMETER')],
  [{ CALLBACK_TOKEN_PARAMETER: '/vod/*' }, name('CALLBACK_TOKEN_PARAMETER')],
  [{ VOD_API_KEY_PARAMETER: 'vod/key' }, name('VOD_API_KEY_PARAMETER')],
  [{ SEAL_KEY_PARAMETER: 'vod/seal' }, name('SEAL_KEY_PARAMETER')],
  // Otherwise the webhook's role could read the key pair.
  [
    { CALLBACK_TOKEN_PARAMETER: 'k' },
    'VOD_KEY_PARAMETER and CALLBACK_TOKEN_PARAMETER are set to the same SSM parameter: each secret needs its own',
  ],
  [
    { EVENT_MODE: 'pull', VOD_API_KEY_PARAMETER: 's' },
    'VOD_API_KEY_PARAMETER and SEAL_KEY_PARAMETER are set to the same SSM parameter: each secret needs its own',
  ],
  [
    { ALARM_TOPIC_ARN: 'alarms' },
    'ALARM_TOPIC_ARN must be the ARN of an SNS topic or empty, not "alarms", for example ALARM_TOPIC_ARN=arn:aws:sns:ap-southeast-1:123456789012:alarms',
  ],
])('deploy/parameters.js refuses %j with a message that contains a valid value', async (changed, message) => {
  expect(await problem('dev', changed)).toBe(message);
});

test('deploy/parameters.js refuses CORS_ORIGINS=* in prod', async () => {
  expect(await problem('prod', { CORS_ORIGINS: '*' })).toBe(
    'CORS_ORIGINS "*" is refused in prod, name the origins of your pages, for example CORS_ORIGINS=https://www.example.com',
  );
});

test.each([
  ['dev', {}],
  ['dev', { CORS_ORIGINS: '*' }],
  ['prod', { CORS_ORIGINS: 'https://www.example.com, http://localhost:3001,https://xn--r8jz45g.jp' }],
  ['dev', { VALID_FOR: '7776000', VALID_FOR_MAX: '7776000' }],
  ['dev', { PROCEDURES: 'A, B', DEFAULT_PROCEDURE: 'B', CLASS_IDS: '0, 12', VOD_SUB_APP_ID: '1500000001' }],
  ['dev', { SIGN_RATE_PER_MINUTE: '30', SIGN_RATE_BURST: '3' }],
  ['dev', { CALLBACK_TOKEN_PARAMETER: '', CALLBACK_SIGN_KEY_PARAMETER: 'sign-key' }],
  ['dev', { EVENT_MODE: 'pull', CALLBACK_TOKEN_PARAMETER: '' }],
  ['dev', { EVENT_MODE: 'pull', CALLBACK_TOKEN_PARAMETER: 'no name at all', VOD_API_KEY_PARAMETER: '/k' }],
  ['local', { VOD_API_URL: 'http://localhost:3443' }],
  ['local', { JWT_ISSUER: 'http://localhost:3000' }],
  ['local', { JWT_ISSUER: 'http://127.0.0.1:3000/issuer' }],
])('deploy/parameters.js accepts in stage %s: %j', async (stage, changed) => {
  expect(await problem(stage, changed)).toBe('');
});

const HOOKS = 'https://app.example.com/hooks';

test.each([
  'app.example.com',
  'http://app.example.com/hooks',
  'ftp://app.example.com',
  // Addresses, in every form that a URL parser reads as one.
  'https://203.0.113.7/',
  'https://203.0.113.7./',
  'https://10.1/',
  'https://2130706433/',
  'https://0x7f000001/',
  'https://0x7f.1/',
  'https://0177.0.0.1/',
  'https://[::1]/',
  'https://[2001:db8::1]:8443/hooks',
  'https://[::ffff:127.0.0.1]/',
  // Names of the function's own network, and of no network.
  'https://localhost/',
  'https://LOCALHOST/',
  'https://localhost./',
  'https://app.localhost/',
  'https://metadata.google.internal/',
  'https://ip-10-0-0-1.ap-southeast-1.compute.internal./',
  'https://printer.local/',
  'https://intranet/',
  'https://intranet./',
  // Parts that the URL of a webhook must not have.
  'https://user@app.example.com/',
  'https://user:password@app.example.com/',
  'https://app.example.com/#hooks',
  'https://app.example.com/#',
  ' https://app.example.com/',
  'https://app.example.com/a b',
  'https://',
])('deploy/parameters.js refuses NOTIFY_URL=%s', async (value) => {
  for (const stage of ['dev', 'prod']) expect(await problem(stage, { NOTIFY_URL: value })).toBe(notifyUrl(value));
});

test.each([
  HOOKS,
  'https://app.example.com',
  'https://app.example.com:8443/hooks/vod?tenant=1',
  'https://xn--r8jz45g.jp/',
  'https://local.example.com/internal',
  'https://internal.example.com/localhost',
  'https://1.2.3.example.com/',
])('deploy/parameters.js accepts NOTIFY_URL=%s', async (value) => {
  expect(await problem('prod', { NOTIFY_URL: value })).toBe('');
});

test.each(['http://localhost:4000/hooks', 'http://127.0.0.1:4000', HOOKS])(
  'deploy/parameters.js accepts NOTIFY_URL=%s for the local run',
  async (value) => {
    expect(await problem('local', { NOTIFY_URL: value })).toBe('');
  },
);

test('deploy/parameters.js requires a separate secret if there is a NOTIFY_URL, and ignores it otherwise', async () => {
  expect(await problem('dev', { NOTIFY_URL: HOOKS, NOTIFY_SECRET_PARAMETER: '' })).toBe(
    'NOTIFY_SECRET_PARAMETER is missing, set it to the name of the SSM parameter, for example NOTIFY_SECRET_PARAMETER=/vod-client-upload/dev/notify-secret',
  );
  expect(await problem('dev', { NOTIFY_URL: HOOKS, NOTIFY_SECRET_PARAMETER: 'whsec_c2VjcmV0+' })).toBe(
    name('NOTIFY_SECRET_PARAMETER'),
  );
  expect(await problem('dev', { NOTIFY_URL: HOOKS, NOTIFY_SECRET_PARAMETER: 's' })).toBe(
    'SEAL_KEY_PARAMETER and NOTIFY_SECRET_PARAMETER are set to the same SSM parameter: each secret needs its own',
  );
  for (const NOTIFY_SECRET_PARAMETER of ['', 'no name at all', '/k']) {
    expect(await problem('dev', { NOTIFY_SECRET_PARAMETER })).toBe('');
  }
});

const integer = (name: string, value: string, example: string, max = 9_007_199_254_740_991) =>
  `${name} must be a whole number from 1 to ${max}, or empty, not "${value}", for example ${name}=${example}`;
const oneOf = (name: string, value: string, values: string, example: string) =>
  `${name} must be one of: ${values}, not "${value}", for example ${name}=${example}`;
const seconds = (value: string) =>
  `PLAYBACK_SECONDS must be a whole number from 60 to 604800, not "${value}", for example PLAYBACK_SECONDS=3600`;
const content = (value: string) =>
  oneOf('PLAYBACK_CONTENT', value, 'Original, Transcode, RawAdaptive, ProtectedAdaptive', 'Original');
const categories = (value: string) =>
  `ALLOWED_CATEGORIES must be a list of Video, Audio, Image, or empty, not "${value}", for example ALLOWED_CATEGORIES=Video,Audio`;

test.each([
  [{ ALLOW_DELETE: '' }, oneOf('ALLOW_DELETE', '', 'true, false', 'true')],
  [{ ALLOW_DELETE: 'yes' }, oneOf('ALLOW_DELETE', 'yes', 'true, false', 'true')],
  [{ PLAYBACK_CONTENT: '' }, content('')],
  [{ PLAYBACK_CONTENT: 'original' }, content('original')],
  [{ PLAYBACK_DEFINITION: '0' }, integer('PLAYBACK_DEFINITION', '0', '10')],
  [{ PLAYBACK_DEFINITION: 'HLS' }, integer('PLAYBACK_DEFINITION', 'HLS', '10')],
  [{ PLAYBACK_SECONDS: '' }, seconds('')],
  [{ PLAYBACK_SECONDS: '59' }, seconds('59')],
  [{ PLAYBACK_SECONDS: '604801' }, seconds('604801')],
  [{ PLAYBACK_SECONDS: '1h' }, seconds('1h')],
  [{ PLAYBACK_APP_ID: 'my-app' }, integer('PLAYBACK_APP_ID', 'my-app', '1500000001')],
  [{ PLAYBACK_APP_ID: '0' }, integer('PLAYBACK_APP_ID', '0', '1500000001')],
  [{ MAX_BYTES: '0' }, integer('MAX_BYTES', '0', '1073741824')],
  [{ MAX_BYTES: '1GB' }, integer('MAX_BYTES', '1GB', '1073741824')],
  [{ MAX_BYTES: '9007199254740992' }, integer('MAX_BYTES', '9007199254740992', '1073741824')],
  [{ MAX_SECONDS: '0' }, integer('MAX_SECONDS', '0', '600')],
  [{ MAX_SECONDS: '1.5' }, integer('MAX_SECONDS', '1.5', '600')],
  [{ ALLOWED_CATEGORIES: 'Video,Text' }, categories('Video,Text')],
  [{ ALLOWED_CATEGORIES: 'video' }, categories('video')],
  [{ ALLOWED_CATEGORIES: 'Video,' }, categories('Video,')],
  [{ UPLOADS_PER_DAY: '0' }, integer('UPLOADS_PER_DAY', '0', '20', 1_000)],
  [{ UPLOADS_PER_DAY: '1001' }, integer('UPLOADS_PER_DAY', '1001', '20', 1_000)],
  [{ REJECT_ACTION: '' }, oneOf('REJECT_ACTION', '', 'keep, forbid, delete', 'forbid')],
  [{ REJECT_ACTION: 'block' }, oneOf('REJECT_ACTION', 'block', 'keep, forbid, delete', 'forbid')],
])('deploy/parameters.js refuses the feature parameter %j', async (changed, message) => {
  for (const stage of ['dev', 'prod', 'local']) expect(await problem(stage, changed)).toBe(message);
});

const WRITE_KEY = { VOD_WRITE_KEY_PARAMETER: '/w' };
const PLAYBACK = { PLAYER_KEY_PARAMETER: '/p', URL_KEY_PARAMETER: '/u', PLAYBACK_APP_ID: '1500000001' };

test.each<Readonly<Record<string, string>>>([
  { ALLOW_DELETE: 'true', ...WRITE_KEY },
  { REJECT_ACTION: 'forbid', ...WRITE_KEY },
  { REJECT_ACTION: 'delete', ALLOW_DELETE: 'true', ...WRITE_KEY },
  { MAX_BYTES: '1', MAX_SECONDS: '1', UPLOADS_PER_DAY: '1' },
  { MAX_BYTES: '9007199254740991', MAX_SECONDS: '9007199254740991', UPLOADS_PER_DAY: '1000' },
  { ALLOWED_CATEGORIES: 'Video' },
  { ALLOWED_CATEGORIES: 'Video, Audio ,Image' },
  PLAYBACK,
  { ...PLAYBACK, PLAYBACK_SECONDS: '60' },
  { ...PLAYBACK, PLAYBACK_SECONDS: '604800' },
  { ...PLAYBACK, PLAYER_KEY_PARAMETER: '' },
  { ...PLAYBACK, URL_KEY_PARAMETER: '' },
  { ...PLAYBACK, PLAYBACK_APP_ID: '', VOD_SUB_APP_ID: '1500000001' },
  { ...PLAYBACK, PLAYBACK_CONTENT: 'Transcode', PLAYBACK_DEFINITION: '100030' },
  { ...PLAYBACK, PLAYBACK_CONTENT: 'RawAdaptive', PLAYBACK_DEFINITION: '10' },
  { ...PLAYBACK, PLAYBACK_CONTENT: 'ProtectedAdaptive', PLAYBACK_DEFINITION: '12', URL_KEY_PARAMETER: '' },
  // Without a key there is no playback, and nothing that it needs.
  { PLAYBACK_CONTENT: 'RawAdaptive' },
  { VOD_WRITE_KEY_PARAMETER: 'no name at all' },
])('deploy/parameters.js accepts the features %j', async (changed) => {
  for (const stage of ['dev', 'prod', 'local']) expect(await problem(stage, changed)).toBe('');
});

const missingWriteKey = (cause: string) =>
  `VOD_WRITE_KEY_PARAMETER is missing, ${cause} needs a key pair that may change files in VOD, for example VOD_WRITE_KEY_PARAMETER=/vod-client-upload/dev/vod-write-key`;
const missingAppId =
  'PLAYBACK_APP_ID is missing, playback needs the application id: set it, or VOD_SUB_APP_ID; an account without applications uses its AppId, for example PLAYBACK_APP_ID=1500000001';
const missingDefinition = (value: string) =>
  `PLAYBACK_DEFINITION is missing, PLAYBACK_CONTENT=${value} needs the id of the template, for example PLAYBACK_DEFINITION=10`;
const twins = (one: string, other: string) =>
  `${one}_PARAMETER and ${other}_PARAMETER are set to the same SSM parameter: each secret needs its own`;

test.each<[string, Readonly<Record<string, string>>, string]>([
  ['deletion without a write key', { ALLOW_DELETE: 'true' }, missingWriteKey('ALLOW_DELETE=true')],
  ['an action without a write key', { REJECT_ACTION: 'forbid' }, missingWriteKey('REJECT_ACTION=forbid')],
  ['an action without a write key', { REJECT_ACTION: 'delete' }, missingWriteKey('REJECT_ACTION=delete')],
  ['playback without an application', { ...PLAYBACK, PLAYBACK_APP_ID: '' }, missingAppId],
  ['playback of application 0', { ...PLAYBACK, PLAYBACK_APP_ID: '', VOD_SUB_APP_ID: '0' }, missingAppId],
  ['playback of no template', { ...PLAYBACK, PLAYBACK_CONTENT: 'Transcode' }, missingDefinition('Transcode')],
  ['playback of no template', { ...PLAYBACK, PLAYBACK_CONTENT: 'RawAdaptive' }, missingDefinition('RawAdaptive')],
  [
    'encrypted playback without a player key',
    { ...PLAYBACK, PLAYBACK_CONTENT: 'ProtectedAdaptive', PLAYBACK_DEFINITION: '12', PLAYER_KEY_PARAMETER: '' },
    'PLAYER_KEY_PARAMETER is missing, PLAYBACK_CONTENT=ProtectedAdaptive requires a player signature, for example PLAYER_KEY_PARAMETER=/vod-client-upload/dev/player-key',
  ],
  [
    'the signing key pair as write key',
    { ALLOW_DELETE: 'true', VOD_WRITE_KEY_PARAMETER: 'k' },
    twins('VOD_KEY', 'VOD_WRITE_KEY'),
  ],
  [
    'the API key pair as write key',
    { REJECT_ACTION: 'forbid', VOD_API_KEY_PARAMETER: '/a', VOD_WRITE_KEY_PARAMETER: '/a' },
    twins('VOD_API_KEY', 'VOD_WRITE_KEY'),
  ],
  ['one key for players and URLs', { ...PLAYBACK, URL_KEY_PARAMETER: 'p' }, twins('PLAYER_KEY', 'URL_KEY')],
  ['the seal key as URL key', { ...PLAYBACK, URL_KEY_PARAMETER: '/s' }, twins('SEAL_KEY', 'URL_KEY')],
  ['a key in place of its name', { ...PLAYBACK, PLAYER_KEY_PARAMETER: 'a key' }, name('PLAYER_KEY_PARAMETER')],
  ['a key in place of its name', { ...PLAYBACK, URL_KEY_PARAMETER: 'a/key' }, name('URL_KEY_PARAMETER')],
  [
    'a key pair in place of its name',
    { ALLOW_DELETE: 'true', VOD_WRITE_KEY_PARAMETER: '{"secretId":"a"}' },
    name('VOD_WRITE_KEY_PARAMETER'),
  ],
])('deploy/parameters.js refuses %s: %j', async (_, changed, message) => {
  expect(await problem('dev', changed)).toBe(message);
});

const SWITCHES: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['notifyApp', { NOTIFY_URL: HOOKS }],
  ['deleteUpload', { ALLOW_DELETE: 'true', ...WRITE_KEY }],
  ['playback', PLAYBACK],
  ['uploadQuota', { UPLOADS_PER_DAY: '20' }],
  ['rejectAction', { REJECT_ACTION: 'forbid', ...WRITE_KEY }],
];
const FEATURES = SWITCHES.map(([feature]) => feature);

test.each(SWITCHES)('the feature %s alone is deployed with %j', async (feature, changed) => {
  const others = FEATURES.filter((one) => one !== feature);
  expect((await parameters('dev', changed)).notDeployed).toEqual([...others, 'pullEvents']);
  expect((await parameters('dev', { ...changed, EVENT_MODE: 'pull' })).notDeployed).toEqual([...others, 'vodEvents']);
  expect((await parameters('local', changed)).notDeployed).toEqual(others);
});

test('no feature is deployed with the defaults', async () => {
  expect((await parameters('dev', {})).notDeployed).toEqual([...FEATURES, 'pullEvents']);
});

test.each<[string, Readonly<Record<string, string>>]>([
  ['', {}],
  ['', { MAX_SECONDS: '600', REJECT_ACTION: 'forbid', ...WRITE_KEY }],
  ['-with-limits', { MAX_BYTES: '1' }],
  ['-with-limits', { ALLOWED_CATEGORIES: 'Video' }],
  ['-with-quota', { UPLOADS_PER_DAY: '20' }],
  ['-with-quota', { UPLOADS_PER_DAY: '20', MAX_BYTES: '1', ALLOWED_CATEGORIES: 'Video' }],
])('functions/upload-signature%s signs for a deploy with %j', async (suffix, changed) => {
  expect((await parameters('dev', changed)).uploadSignatureHandler).toBe(`functions/upload-signature${suffix}.handler`);
});

test.each<[string, Readonly<Record<string, string>>, readonly string[]]>([
  ['nothing else', {}, []],
  ['ALLOW_DELETE', { ALLOW_DELETE: 'true', ...WRITE_KEY }, ['DELETE /uploads/{fileId}']],
  ['a playback key', PLAYBACK, ['GET /uploads/{fileId}/playback']],
  [
    'both',
    { ...PLAYBACK, ALLOW_DELETE: 'true', ...WRITE_KEY },
    ['DELETE /uploads/{fileId}', 'GET /uploads/{fileId}/playback'],
  ],
])('each route of a deploy with %s has a throttle', async (_, changed, added) => {
  const routes = ['POST /upload-signature', 'GET /uploads', 'GET /uploads/{fileId}', ...added];
  const pushed = await parameters('dev', changed);
  expect(Object.keys(pushed.routeSettings)).toEqual([...routes, 'POST /vod-events']);
  expect(pushed.limitedRoutes).toHaveLength(routes.length + 1);
  const pulled = await parameters('dev', { ...changed, EVENT_MODE: 'pull' });
  expect(Object.keys(pulled.routeSettings)).toEqual(routes);
  expect(pulled.limitedRoutes).toHaveLength(routes.length);
});
