/** A refusal of a route that the real VOD does not have. */
export class LocalError extends Error {
  override readonly name = 'LocalError';

  constructor(
    readonly status: 400 | 403 | 404 | 405,
    message: string,
  ) {
    super(message);
  }
}
