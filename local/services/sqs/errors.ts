/** The error that a caller of SQS sees; `queryCode` is the name that older clients know it by. */
export class SqsError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly queryCode = code,
  ) {
    super(message);
  }
}

const LEGACY_PREFIX = 'AWS.SimpleQueueService';

export function queueDoesNotExist(): SqsError {
  const message = 'The specified queue does not exist.';
  return new SqsError('QueueDoesNotExist', message, `${LEGACY_PREFIX}.NonExistentQueue`);
}

export function receiptHandleIsInvalid(handle: string): SqsError {
  return new SqsError('ReceiptHandleIsInvalid', `The input receipt handle "${handle}" is not a valid receipt handle.`);
}

export function invalidParameterValue(message: string): SqsError {
  return new SqsError('InvalidParameterValue', message);
}

export function missingParameter(name: string): SqsError {
  return new SqsError('MissingParameter', `The request must contain the parameter ${name}.`);
}

/** For errors with an older name that is the new one with a prefix, such as `EmptyBatchRequest`. */
export function prefixedError(code: string, message: string): SqsError {
  return new SqsError(code, message, `${LEGACY_PREFIX}.${code}`);
}
