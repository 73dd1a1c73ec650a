'use strict';

const { MAX_GATEWAY_RATE } = require('./routes');
const { REACHABLE, all, atMost, boolean, distinct, each, perSecond, rule } = require('./rules');
const { isInteger, isIssuer, isOrigin, parseList } = require('./values');

/** VOD's limit for a signature, in seconds: 90 days. */
const MAX_VALIDITY = 7_776_000;
/** As in lib/signing/config.ts. */
const MAX_RATE = 1_000_000;
/** API Gateway's limits for a JWT authorizer. */
const MAX_AUDIENCES = 50;
const MAX_ISSUER = 2_048;
/** AWS documents no limit for an HTTP API; a function URL has this one. */
const MAX_ORIGINS = 100;

const isNumber = (value) => isInteger(value, 0, Number.MAX_SAFE_INTEGER);

const ISSUER = all(
  rule("an https URL, identical to iss in your users' tokens", (value, { stage }) => isIssuer(value, stage)),
  REACHABLE,
  rule(`at most ${MAX_ISSUER} characters long`, (value) => value.length <= MAX_ISSUER),
  {
    text: 'without the path of the discovery document',
    violation: (value) =>
      value.includes('/.well-known/')
        ? { problem: `contains /.well-known/, which AWS appends to it, "${value}"` }
        : undefined,
  },
);

const ORIGINS = all(
  {
    text: 'not * in prod, and * alone elsewhere',
    violation: (value, { stage }) => {
      const origins = parseList(value);
      if (!origins.includes('*')) return undefined;
      if (stage === 'prod') return { problem: '"*" is refused in prod, name the origins of your pages' };
      if (origins.length === 1) return undefined;
      return { problem: 'has "*" and other origins, "*" has to stand alone', example: '*' };
    },
  },
  each(
    'origins: scheme, host and port (if not the default), without a path or trailing slash',
    (origin) => origin === '*' || isOrigin(origin),
    { example: 'https://www.example.com,http://localhost:3000' },
  ),
  distinct(),
  atMost(MAX_ORIGINS, 'the limit'),
);

/** @type {import('./rules').Rule} */
const VALID_FOR = {
  text: 'whole seconds from 1 to VALID_FOR_MAX',
  violation: (value, { values: { VALID_FOR_MAX: max } }) =>
    // A maximum that is not a number is reported separately.
    isInteger(value, 1, isNumber(max) ? Number(max) : MAX_VALIDITY)
      ? undefined
      : { problem: `must be whole seconds from 1 to VALID_FOR_MAX (${max}), not "${value}"` },
};

const CALLERS = 'Authentication of callers (required)';
const POLICY = 'Signing policy';

/**
 * The part of deploy/parameter-list.js about callers and signatures.
 *
 * @type {readonly import('./rules').Parameter[]}
 */
const SIGNING_PARAMETERS = [
  {
    name: 'JWT_ISSUER',
    section: CALLERS,
    default: '',
    placeholder: 'https://login.example.com/',
    example: 'https://login.example.com/',
    rule: ISSUER,
    whenEmpty: () => "set it to the iss of your users' tokens",
    description:
      "Issuer of your app users' tokens, exactly as in `iss`. During a deploy, AWS reads <issuer>/.well-known/openid-configuration and refuses an issuer without it.",
  },
  {
    name: 'JWT_AUDIENCE',
    section: CALLERS,
    default: '',
    placeholder: 'my-app',
    example: 'my-app',
    isText: true,
    rule: all(distinct(), atMost(MAX_AUDIENCES, "API Gateway's limit")),
    whenEmpty: () => "set it to the aud of your users' tokens; separate several with commas",
    description:
      'Expected `aud` (or, without `aud`, `client_id`) of the tokens. Several: separated by commas, at most 50.',
  },
  {
    name: 'CORS_ORIGINS',
    section: CALLERS,
    default: '',
    placeholder: 'http://localhost:3000',
    example: 'https://www.example.com',
    rule: ORIGINS,
    description:
      'Origins of the pages that may call the API, separated by commas, for example https://www.example.com (scheme, host, and port if it is not the default). Empty: browsers cannot call the API from another origin. `*` allows every page, and is refused in prod.',
  },
  {
    name: 'VOD_SUB_APP_ID',
    section: POLICY,
    default: '',
    example: '1500000001',
    rule: rule('digits or empty', (value) => value === '' || isNumber(value)),
    description:
      'Id of the VOD application (SubAppId) for uploads, digits. Required for accounts opened since 2023-12-25. Empty: the main application of an older account.',
  },
  {
    name: 'VALID_FOR',
    section: POLICY,
    default: '1800',
    example: '1800',
    rule: VALID_FOR,
    description: 'Default validity of a signature in seconds, for requests without validFor.',
  },
  {
    name: 'VALID_FOR_MAX',
    section: POLICY,
    default: '86400',
    example: '86400',
    rule: rule(`whole seconds from 1 to ${MAX_VALIDITY}`, (value) => isInteger(value, 1, MAX_VALIDITY)),
    description: 'Longest validity in seconds that a caller may request; at most 7776000, which is 90 days.',
  },
  {
    name: 'ONE_TIME_VALID',
    section: POLICY,
    default: 'false',
    example: 'true',
    rule: boolean(),
    description:
      "true: a signature is valid once by default; a caller may request otherwise. VOD's browser SDK requests a new signature before every call, so one use is enough for it.",
  },
  {
    name: 'ONE_TIME_VALID_FIXED',
    section: POLICY,
    default: 'false',
    example: 'true',
    rule: boolean(),
    description: 'true: ONE_TIME_VALID applies to every signature, and the caller may not choose.',
  },
  {
    name: 'PROCEDURES',
    section: POLICY,
    default: '',
    example: 'LongVideoPreset',
    isText: true,
    rule: distinct(),
    description: 'Task flows (procedures) that callers may request, separated by commas. Empty: none.',
  },
  {
    name: 'DEFAULT_PROCEDURE',
    section: POLICY,
    default: '',
    example: 'LongVideoPreset',
    isText: true,
    rule: rule(
      'one of PROCEDURES',
      (value, { values }) => value === '' || parseList(values.PROCEDURES).includes(value),
      {
        example: 'PROCEDURES=LongVideoPreset DEFAULT_PROCEDURE=LongVideoPreset',
      },
    ),
    description: 'Task flow that is used where the caller requests none. Empty: none.',
  },
  {
    name: 'CLASS_IDS',
    section: POLICY,
    default: '',
    example: '0,1024',
    rule: all(each('whole numbers from 0', isNumber), distinct()),
    description:
      'Categories (numbers) that callers may request, separated by commas; a request without one gets the first. Empty: any.',
  },
  {
    name: 'STORAGE_REGIONS',
    section: POLICY,
    default: '',
    example: 'ap-guangzhou',
    rule: all(
      each('regions of Tencent Cloud', (item) => /^[a-z]+(-[a-z\d]+)+$/.test(item)),
      distinct(),
    ),
    description:
      'Storage regions that callers may request, separated by commas; a request without one gets the first. Empty: any.',
  },
  {
    name: 'SIGN_RATE_PER_MINUTE',
    section: POLICY,
    default: '',
    example: '30',
    rule: rule(
      `a whole number from 1 to ${MAX_RATE}, or empty for no limit`,
      (value) => value === '' || isInteger(value, 1, MAX_RATE),
    ),
    description:
      "Signatures per minute for one caller (the token's `sub`). Above it: 429 with Retry-After. Each instance of the function counts for itself, so the effective limit is up to this number times the instances. Empty: no limit per caller.",
  },
  {
    name: 'SIGN_RATE_BURST',
    section: POLICY,
    default: '12',
    example: '12',
    rule: rule(`a whole number from 3, which is one upload, to ${MAX_RATE}`, (value) => isInteger(value, 3, MAX_RATE)),
    description:
      'Burst for SIGN_RATE_PER_MINUTE: signatures that one caller may request at once. At least 3, because one upload requests up to three.',
  },
  {
    name: 'SIGNATURES_RATE',
    section: POLICY,
    default: '50',
    example: '50',
    rule: perSecond('requests', MAX_GATEWAY_RATE),
    description:
      'Requests a second for signatures, of all callers together; twice as many in a burst. It limits the cost of abuse. Above it: 429, and the alarm throttled-requests. The Web SDK requests three signatures for an upload, the client package one.',
  },
];

module.exports = { SIGNING_PARAMETERS };
