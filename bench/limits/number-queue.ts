/** A first-in, first-out queue of numbers that stays fast with millions of them. */
export function numberQueue() {
  let values: number[] = [];
  let head = 0;
  return {
    size: () => values.length - head,
    push: (value: number): void => {
      values.push(value);
    },
    /** Removes and returns at most `max` numbers. */
    take: (max: number): number[] => {
      const batch = values.slice(head, head + max);
      head += batch.length;
      if (head > 10_000 && head * 2 > values.length) {
        values = values.slice(head);
        head = 0;
      }
      return batch;
    },
  };
}
