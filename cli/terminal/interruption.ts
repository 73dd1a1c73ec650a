/** What remains to be done if the command is interrupted now. */
let left: string | undefined;

/**
 * Runs steps that belong together.
 *
 * @param whatIsLeft for whoever interrupts them: what is done, what is not, and the command that completes it
 */
export async function completing<T>(whatIsLeft: string, steps: () => Promise<T>): Promise<T> {
  left = whatIsLeft;
  try {
    return await steps();
  } finally {
    left = undefined;
  }
}

export function whatIsLeft(): string | undefined {
  return left;
}
