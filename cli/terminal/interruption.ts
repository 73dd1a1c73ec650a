/** The message that an interruption prints now; undefined while nothing is half-done. */
let message: string | undefined;

/**
 * Runs steps that belong together and returns their result.
 *
 * @param whenInterrupted the message of an interruption: what is done, what is not, and the command that completes it
 */
export async function withInterruptionMessage<T>(whenInterrupted: string, steps: () => Promise<T>): Promise<T> {
  message = whenInterrupted;
  try {
    return await steps();
  } finally {
    message = undefined;
  }
}

/** Returns the message of the steps that are running, if any. */
export function interruptionMessage(): string | undefined {
  return message;
}
