export interface Step {
  readonly type: 'Transcode' | 'CoverBySnapshot';
  readonly definition: number;
  readonly fails: boolean;
  /** How long it takes; by default as long as all other steps. */
  readonly ms?: number;
}

export const SUGGESTIONS = ['pass', 'review', 'block'] as const;
export type Suggestion = (typeof SUGGESTIONS)[number];

/** The result of a review task (ReviewAudioVideo). Label and form are empty if the suggestion is `pass`. */
export interface ReviewVerdict {
  readonly suggestion: Suggestion;
  readonly label: string;
  readonly form: string;
  /** How long the review takes after the procedure; by default as long as a step. */
  readonly ms?: number;
}

/** The result that a review has unless label and form are given. */
export function defaultVerdict(suggestion: Suggestion): ReviewVerdict {
  return suggestion === 'pass' ? { suggestion, label: '', form: '' } : { suggestion, label: 'Porn', form: 'Image' };
}

/** The result of the AI content review that is part of a procedure (AiContentReviewResultSet, type Porn). */
export interface ContentReview {
  readonly suggestion: Suggestion;
  readonly label: string;
  /** From 0 to 100. */
  readonly confidence: number;
}

/** The steps and reviews of a procedure. */
export interface ProcedureTemplate {
  readonly steps: readonly Step[];
  /** Starts a review task at the same time as the procedure. */
  readonly review?: ReviewVerdict;
  readonly contentReview?: ContentReview;
}

export const LONG_VIDEO_STEPS: readonly Step[] = [
  { type: 'Transcode', definition: 100010, fails: false },
  { type: 'Transcode', definition: 100020, fails: false },
  { type: 'CoverBySnapshot', definition: 10, fails: false },
];

const LONG_VIDEO: ProcedureTemplate = { steps: LONG_VIDEO_STEPS };

/** The templates that always exist. */
export const PRESETS: ReadonlyMap<string, ProcedureTemplate> = new Map([
  ['LongVideoPreset', LONG_VIDEO],
  ['FailingPreset', { steps: LONG_VIDEO_STEPS.map((step) => ({ ...step, fails: step.definition === 100020 })) }],
  ['BlockingPreset', { ...LONG_VIDEO, review: { suggestion: 'block', label: 'Porn', form: 'Image' } }],
  ['ReviewPreset', { ...LONG_VIDEO, review: { suggestion: 'review', label: 'Ad', form: 'OCR' } }],
]);

/** Finds a template by name, additional ones first. A name that is unknown here means LongVideoPreset. */
export function findTemplate(name: string, additional: ReadonlyMap<string, ProcedureTemplate>): ProcedureTemplate {
  return additional.get(name) ?? PRESETS.get(name) ?? LONG_VIDEO;
}
