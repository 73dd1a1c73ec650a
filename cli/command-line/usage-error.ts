/** A command line, or a deploy parameter, that is not valid; the message contains what would be right. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
