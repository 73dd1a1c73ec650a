type End = () => unknown;

const ends: End[] = [];

/** Registers a function that ends a started service. */
export function onEnd(end: End): void {
  ends.push(end);
}

/** For `afterAll`: ends all of it, the latest first, also when one of them fails. */
export async function endAll(): Promise<void> {
  const errors: unknown[] = [];
  for (const end of ends.splice(0).reverse()) {
    try {
      await end();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, String(errors[0]));
}
