import { invalidParameterValue, missingParameter, SqsError } from './errors';

/** The body of a request, or an entry of a batch. */
export type Input = Readonly<Record<string, unknown>>;

/** SQS bounds the body of one message, and the bodies of one batch together, in bytes. */
export const MAX_MESSAGE_BYTES = 256 * 1024;

/** The characters of XML 1.0, to which SQS is restricted. */
const ALLOWED_TEXT = /^[\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]*$/u;

/** Parameters of SendMessage that the local queue does not support. */
const UNSUPPORTED = ['MessageAttributes', 'MessageSystemAttributes', 'MessageDeduplicationId', 'MessageGroupId'];

export function parseInput(body: Buffer | undefined): Input {
  try {
    return asInput(JSON.parse(body?.toString() ?? ''));
  } catch {
    throw new SqsError('SerializationException', 'The request body must be a JSON object.');
  }
}

export function asInput(value: unknown): Input {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidParameterValue('Expected a JSON object.');
  }
  return { ...value };
}

export function requireString(input: Input, name: string): string {
  const value = input[name];
  if (typeof value !== 'string' || value === '') throw missingParameter(name);
  return value;
}

export interface IntegerBounds {
  readonly min: number;
  readonly max: number;
}

/** Undefined when the parameter is missing. */
export function optionalInteger(input: Input, name: string, { min, max }: IntegerBounds): number | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw invalidParameterValue(
      `Value ${JSON.stringify(value)} for parameter ${name} is invalid. Reason: Must be between ${min} and ${max}, if provided.`,
    );
  }
  return value;
}

export function stringArray(input: Input, name: string): string[] {
  const value = input[name];
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

/** The queue's name in the request's QueueUrl: its last path segment, so that a URL with an outdated port still works. */
export function queueNameOf(input: Input): string {
  const url = requireString(input, 'QueueUrl');
  return url.split('/').at(-1) ?? '';
}

/** @throws SqsError when there is no body, or one that SQS refuses */
export function messageBodyOf(input: Input): string {
  const body = requireString(input, 'MessageBody');
  const unsupported = UNSUPPORTED.filter((name) => !isEmpty(input[name]));
  if (unsupported.length > 0) {
    throw invalidParameterValue(`The local queue does not support ${unsupported.join(', ')}.`);
  }
  if (Buffer.byteLength(body) > MAX_MESSAGE_BYTES) {
    throw invalidParameterValue(
      `One or more parameters are invalid. Reason: Message must be shorter than ${MAX_MESSAGE_BYTES} bytes.`,
    );
  }
  if (!ALLOWED_TEXT.test(body)) {
    throw new SqsError('InvalidMessageContents', 'The message contains characters outside the allowed set.');
  }
  return body;
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
