import { invalidParameterValue, prefixedError, SqsError } from './errors';
import { asInput, MAX_MESSAGE_BYTES, requireString, type Input } from './input';

const MAX_ENTRIES = 10;

export interface BatchResult {
  readonly Successful: readonly object[];
  readonly Failed: readonly object[];
}

/**
 * Handles each entry of a batch by itself: one that is refused is reported in `Failed`.
 *
 * @throws SqsError when the batch as a whole is refused
 */
export function handleBatch(input: Input, handleEntry: (entry: Input) => object): BatchResult {
  const entries = entriesOf(input);
  const successful: object[] = [];
  const failed: object[] = [];
  for (const entry of entries) {
    const id = requireString(entry, 'Id');
    try {
      successful.push({ Id: id, ...handleEntry(entry) });
    } catch (error) {
      if (!(error instanceof SqsError)) throw error;
      failed.push({ Id: id, SenderFault: true, Code: error.queryCode, Message: error.message });
    }
  }
  return { Successful: successful, Failed: failed };
}

function entriesOf({ Entries: rawEntries }: Input): Input[] {
  if (!Array.isArray(rawEntries) || rawEntries.length === 0) {
    throw prefixedError('EmptyBatchRequest', 'There should be at least one entry in the request.');
  }
  if (rawEntries.length > MAX_ENTRIES) {
    throw prefixedError(
      'TooManyEntriesInBatchRequest',
      `Maximum number of entries per request are ${MAX_ENTRIES}. You have sent ${rawEntries.length}.`,
    );
  }
  const entries = rawEntries.map(asInput);
  const ids = entries.map((entry) => requireString(entry, 'Id'));
  const malformed = ids.find((id) => !/^[\w-]{1,80}$/.test(id));
  if (malformed !== undefined) {
    throw prefixedError(
      'InvalidBatchEntryId',
      'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
    );
  }
  const repeated = ids.find((id, index) => ids.indexOf(id) < index);
  if (repeated !== undefined) throw prefixedError('BatchEntryIdsNotDistinct', `Id ${repeated} repeated.`);
  return entries;
}

/** @throws SqsError when the bodies of the batch are too long together */
export function checkBatchLength({ Entries: rawEntries }: Input): void {
  if (!Array.isArray(rawEntries)) throw invalidParameterValue('Entries must be an array.');
  const bodies = rawEntries.map(asInput).map(({ MessageBody: body }) => (typeof body === 'string' ? body : ''));
  const length = bodies.reduce((sum, body) => sum + Buffer.byteLength(body), 0);
  if (length > MAX_MESSAGE_BYTES) {
    throw prefixedError(
      'BatchRequestTooLong',
      `Batch requests cannot be longer than ${MAX_MESSAGE_BYTES} bytes. You have sent ${length} bytes.`,
    );
  }
}
