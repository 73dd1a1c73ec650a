import { resolve } from 'node:path';
import { FAULT_RULES, type Faults } from '../vod/faults';

/** One option of `npm run local-vod`. */
export interface Option<T> {
  /** Stands for the value in the help. */
  readonly placeholder: string;
  readonly help: string;
  /** The expected value, for the error message. */
  readonly expected: string;
  /** Returns undefined for an invalid value. */
  readonly parse: (text: string) => T | undefined;
  /** Whether it may be given several times. */
  readonly isRepeatable?: boolean;
}

const MAX_PORT = 65_535;
const MAX_STEP_MS = 600_000;

const nonEmpty = (value: string): string | undefined => (value === '' ? undefined : value);
const path = (value: string): string | undefined => (value === '' ? undefined : resolve(value));

function integer(minimum: number, maximum: number): (value: string) => number | undefined {
  return (value) => {
    const number = /^\d{1,10}$/.test(value) ? Number(value) : NaN;
    return number >= minimum && number <= maximum ? number : undefined;
  };
}

function oneOf<const T extends string>(...choices: readonly T[]): Pick<Option<T>, 'expected' | 'parse'> {
  return { expected: `one of: ${choices.join(', ')}`, parse: (value) => choices.find((choice) => choice === value) };
}

function isOn(value: string): boolean | undefined {
  return value === 'on' || value === 'off' ? value === 'on' : undefined;
}

function httpUrl(value: string): string | undefined {
  return URL.canParse(value) && /^https?:\/\//.test(value) ? value : undefined;
}

function fault(value: string): Partial<Faults> | undefined {
  const [, name = '', text = ''] = /^(\w+)=(.+)$/.exec(value) ?? [];
  if (!Object.hasOwn(FAULT_RULES, name)) return undefined;
  const parsed = name === 'format' ? text : Number(text);
  return FAULT_RULES[name as keyof Faults].isValid(parsed) ? { [name]: parsed } : undefined;
}

function appIds(value: string): readonly number[] | undefined {
  const ids = value.split(',').map((id) => integer(1, 9_999_999_999)(id.trim()) ?? NaN);
  return ids.some(Number.isNaN) ? undefined : ids;
}

/** All options, in the order of the help. */
export const OPTIONS = {
  callback: {
    placeholder: '<url>',
    help: 'where events are pushed (事件通知); without it they are only logged',
    expected: 'an http or https URL, such as http://localhost:8000/vod-callback',
    parse: httpUrl,
  },
  mode: {
    placeholder: '<mode>',
    help: 'push (default) or pull (可靠回调: PullEvents, ConfirmEvents)',
    ...oneOf('push', 'pull'),
  },
  'callback-format': {
    placeholder: '<format>',
    help: 'format of callbacks: 3.0 (default), 2.0 or both',
    ...oneOf('3.0', '2.0', 'both'),
  },
  'sign-key': {
    placeholder: '<key>',
    help: 'SignKey: callbacks carry Sign and T; without it they do not',
    expected: 'at most 32 letters and digits',
    parse: (value) => (/^[A-Za-z0-9]{1,32}$/.test(value) ? value : undefined),
  },
  'upload-event': {
    placeholder: '<on|off>',
    help: 'UploadMediaCompleteEventSwitch: NewFileUpload is sent (default: on; VOD: off)',
    expected: 'on or off',
    parse: isOn,
  },
  'delete-event': {
    placeholder: '<on|off>',
    help: 'DeleteMediaCompleteEventSwitch: FileDeleted is sent (default: on; VOD: off)',
    expected: 'on or off',
    parse: isOn,
  },
  'secret-id': {
    placeholder: '<id>',
    help: 'SecretId of the key pair (default: generated once and kept in the data folder)',
    expected: 'a non-empty string',
    parse: nonEmpty,
  },
  'secret-key': {
    placeholder: '<key>',
    help: 'SecretKey of the key pair; needs --secret-id',
    expected: 'a non-empty string',
    parse: nonEmpty,
  },
  'sub-app-ids': {
    placeholder: '<ids>',
    help: 'applications, separated by commas: each server API call must name one (accounts since 2023-12-25)',
    expected: 'application ids separated by commas, such as 1500000001',
    parse: appIds,
  },
  'player-key': {
    placeholder: '<key>',
    help: 'player key (播放密钥), which signs psigns; without it no psign is valid',
    expected: 'a non-empty string',
    parse: nonEmpty,
  },
  'url-key': {
    placeholder: '<key>',
    help: 'key of Key hotlink protection (Key 防盗链), which it switches on for media URLs (default: off)',
    expected: 'a non-empty string',
    parse: nonEmpty,
  },
  procedures: {
    placeholder: '<file>',
    help: 'JSON file of procedures (任务流): steps, durations, outcomes, reviews',
    expected: 'the path of a JSON file',
    parse: path,
  },
  'step-ms': {
    placeholder: '<ms>',
    help: 'how long a step of a procedure takes (default: 300)',
    expected: `an integer from 0 to ${MAX_STEP_MS}`,
    parse: integer(0, MAX_STEP_MS),
  },
  fault: {
    placeholder: '<name=value>',
    help: `a fault that is on from the start, may be repeated: ${Object.keys(FAULT_RULES).join(', ')}`,
    expected: `<name>=<value>, ${Object.entries(FAULT_RULES)
      .map(([name, { expected }]) => `${name}: ${expected}`)
      .join('; ')}`,
    parse: fault,
    isRepeatable: true,
  },
  port: {
    placeholder: '<port>',
    help: 'port for HTTP and TLS (default: 3443; 0: any free port)',
    expected: `a port, an integer from 0 to ${MAX_PORT}`,
    parse: integer(0, MAX_PORT),
  },
  host: {
    placeholder: '<address>',
    help: 'another address of this machine to listen on, for phones and containers (default: loopback only)',
    expected: 'an address or name of this machine, such as 192.168.1.5 or 0.0.0.0',
    parse: (value) => (/^[\w.:-]+$/.test(value) ? value : undefined),
  },
  data: {
    placeholder: '<folder>',
    help: 'where files, tasks and the key pair are kept (default: .local-vod)',
    expected: 'the path of a folder',
    parse: path,
  },
} as const satisfies Readonly<Record<string, Option<unknown>>>;

export type OptionName = keyof typeof OPTIONS;

type ParsedValue<N extends OptionName> = NonNullable<ReturnType<(typeof OPTIONS)[N]['parse']>>;

/** The values of the options on the command line; a repeatable one has all its values. */
export type OptionValues = {
  readonly [N in OptionName]?: (typeof OPTIONS)[N] extends { readonly isRepeatable: true }
    ? readonly ParsedValue<N>[]
    : ParsedValue<N>;
};
