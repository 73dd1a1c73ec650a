// The parameters of an upload signature with their bounds: https://cloud.tencent.com/document/product/266/9221
// Written from that document and independent of lib/, as upload-signature.ts is.

export const REQUIRED = ['secretId', 'currentTimeStamp', 'expireTime', 'random'] as const;
export const TIMES = ['currentTimeStamp', 'expireTime'] as const;
/** The parameters whose value is any text. */
export const TEXTS: readonly string[] = ['sourceContext', 'sessionContext'];

interface Bound {
  readonly isValid: (value: string) => boolean;
  /** Completes "must be". */
  readonly expected: string;
}

const isInteger = (value: string, minimum: number, maximum: number): boolean =>
  /^-?\d{1,16}$/.test(value) && Number(value) >= minimum && Number(value) <= maximum;
const natural: Bound = {
  isValid: (value) => isInteger(value, 0, Number.MAX_SAFE_INTEGER),
  expected: 'a whole number, 0 or more',
};
const oneOf = (...values: readonly string[]): Bound => ({
  isValid: (value) => values.includes(value),
  expected: `one of: ${values.join(', ')}`,
});

/** The bounds of the optional parameters, in the order of VOD's table; of an empty one nothing is checked. */
export const OPTIONAL: ReadonlyMap<string, Bound> = new Map([
  ['classId', natural],
  ['procedure', { isValid: () => true, expected: 'the name of a task flow template' }],
  ['taskPriority', { isValid: (value) => isInteger(value, -10, 10), expected: 'a whole number from -10 to 10' }],
  ['taskNotifyMode', oneOf('Finish', 'Change', 'None')],
  ['sourceContext', { isValid: () => true, expected: 'a text' }],
  ['oneTimeValid', oneOf('0', '1')],
  ['vodSubAppId', natural],
  [
    'sessionContext',
    { isValid: (value) => Array.from(value).length <= 1000, expected: 'a text of at most 1000 characters' },
  ],
  [
    'storageRegion',
    {
      isValid: (value) => /^[a-z0-9-]{1,40}$/.test(value),
      expected: 'the abbreviation of a region, such as ap-chongqing',
    },
  ],
]);

export const NAMES: readonly string[] = [...REQUIRED, ...OPTIONAL.keys()];

/** Names of other signatures, and of older documents, in lower case and without signs. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['currenttime', 'currentTimeStamp'],
  ['timestamp', 'currentTimeStamp'],
  ['expiretimestamp', 'expireTime'],
  ['expiredtime', 'expireTime'],
  ['expire', 'expireTime'],
  ['nonce', 'random'],
  ['subappid', 'vodSubAppId'],
  ['appid', 'vodSubAppId'],
]);

/** The parameter that another name stands for, in other capitals, with other signs, or from another signature. */
export function meantName(name: string): string | undefined {
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, '');
  return NAMES.find((candidate) => candidate.toLowerCase() === plain) ?? ALIASES.get(plain);
}

/** The source of a regular expression that matches each known name, the longer one of two first. */
export const NAME_PATTERN = [...NAMES, 'currentTime', 'timestamp', 'subAppId', 'secret_id', 'secret-id']
  .toSorted((a, b) => b.length - a.length)
  .join('|');

/** Whether a value has the form of Tencent Cloud's SecretIds. */
export function isSecretIdShaped(value: string): boolean {
  return /^[AI]KID[\w-]{9,}$/.test(value);
}

/** Whether a value has the form of Tencent Cloud's SecretKeys. */
export function isSecretKeyShaped(value: string): boolean {
  return /^[A-Za-z0-9]{32}$/.test(value) && !/^[AI]KID/i.test(value);
}

/** Whether a value may be a SecretKey, perhaps with characters lost or added. */
export function isNearSecretKey(value: string): boolean {
  return /^[A-Za-z0-9]{28,40}$/.test(value) && !/^[AI]KID/i.test(value);
}
