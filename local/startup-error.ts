/** A reason why the local run cannot start that its user can fix: printed as one message, without a stack. */
export class StartupError extends Error {
  override readonly name = 'StartupError';
}
