/** What an interruption prints now; undefined where it leaves nothing half-done. */
let message: string | undefined;

/**
 * Runs steps that belong together and returns their result.
 *
 * @param whenInterrupted what an interruption of the steps prints: what is done, what is not, and the command that completes it
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
