/** An AI content review that is part of a procedure, which ReviewInfo does not show. */
export const OLD_REVIEW = {
  steps: [{ type: 'Transcode', definition: 100010, fails: false }],
  contentReview: { suggestion: 'block', label: 'sexy', confidence: 98 },
} as const;

/** `rejection` of a forbidden file, and of one that a review blocks. */
export const forbidden = { reason: 'forbidden', detail: 'the file is forbidden (Forbidden) in VOD' };
export const blocked = (label: string) => ({ reason: 'review', detail: `VOD's review suggests "block" (${label})` });

/** VOD's response as it was at an earlier stage: with tasks that run, no review, and a file that is not forbidden yet. */
export function atStage(response: object, atMost: number): object {
  const rewrite = (_: string, value: unknown): unknown => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const members: Record<string, unknown> = { ...value };
    const isLater = members['TaskType'] === 'Procedure' ? atMost < 1 : atMost < 2;
    if ('TaskType' in members && isLater) members['Status'] = 'PROCESSING';
    if ('ReviewInfo' in members && atMost < 2) members['ReviewInfo'] = null;
    if (members['Status'] === 'Forbidden' && atMost < 1) members['Status'] = 'Normal';
    return members;
  };
  return JSON.parse(JSON.stringify(response), rewrite) as object;
}

/** Random numbers from 0 up to 1 that depend on the seed only (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export type Step = object | 'verify' | 'advance';

/** Some of the events, some of them twice, in any order, with verifications and VOD's progress at any point in between. */
export function randomSteps(events: readonly object[], random: () => number): Step[] {
  const kept = events.filter(() => random() < 0.6);
  const repeated = kept.filter(() => random() < 0.3);
  const steps: Step[] = [...kept, ...repeated, 'verify', 'verify', 'verify', 'advance', 'advance'];
  return steps
    .map((step) => ({ step, rank: random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ step }) => step);
}
