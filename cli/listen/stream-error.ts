import { describe } from '../../lib/platform/log';
import { explainAws, isDenied, isTransient } from '../refusals';

const ACTIONS = ['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams'] as const;

/** A failed call of DynamoDB Streams. */
export class StreamError extends Error {
  override readonly name = 'StreamError';
  /** Whether the same call may succeed later: throttling, no response, an error of the service. */
  readonly isTransient: boolean;
  /** The name of AWS's error, such as `ExpiredIteratorException`. */
  readonly code: string;

  constructor(action: (typeof ACTIONS)[number], resource: string, cause: unknown) {
    const reason = explainAws(cause, { action: `dynamodb:${action}`, resource });
    const actions = ACTIONS.map((name) => `dynamodb:${name}`).join(', ');
    const needed = isDenied(cause) ? `; listen needs ${actions}` : '';
    super(`Cannot read the table's stream: ${reason}${needed}`, { cause });
    this.isTransient = isTransient(cause);
    this.code = describe(cause).error;
  }

  /** Returns the response of the call. @throws StreamError */
  static async wrap<T>(action: (typeof ACTIONS)[number], resource: string, response: Promise<T>): Promise<T> {
    try {
      return await response;
    } catch (error) {
      throw new StreamError(action, resource, error);
    }
  }
}
