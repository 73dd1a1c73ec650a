import { readFileSync } from 'node:fs';
import { StartupError } from '../startup-error';
import { isObject } from '../vod/http';
import {
  defaultVerdict,
  SUGGESTIONS,
  type ContentReview,
  type ProcedureTemplate,
  type ReviewVerdict,
  type Step,
} from '../vod/procedure-templates';
import { findViolation, integer, list, number, oneOf, text, type Rule } from '../vod/rules';

const MAX_STEPS = 100;
const MAX_SECONDS = 600;
const MAX_DEFINITION = 1e9;

const OBJECT: Rule = { isValid: isObject, expected: 'an object' };
const SUGGESTION = oneOf(SUGGESTIONS);

const PROCEDURE_RULES: Readonly<Record<string, Rule>> = {
  steps: list(MAX_STEPS),
  review: OBJECT,
  contentReview: OBJECT,
};
const STEP_RULES: Readonly<Record<string, Rule>> = {
  type: oneOf(['Transcode', 'CoverBySnapshot']),
  definition: integer(1, MAX_DEFINITION),
  seconds: number(0, MAX_SECONDS),
  outcome: oneOf(['success', 'fail']),
};
const REVIEW_RULES: Readonly<Record<string, Rule>> = {
  suggestion: SUGGESTION,
  label: text(100),
  form: text(100),
  seconds: number(0, MAX_SECONDS),
};
const CONTENT_REVIEW_RULES: Readonly<Record<string, Rule>> = {
  suggestion: SUGGESTION,
  label: text(100),
  confidence: number(0, 100),
};

/**
 * Reads a file of procedures; docs/local-vod.md describes it.
 *
 * @throws StartupError that names the file, the property and what it must be
 */
export function readProceduresFile(file: string): Record<string, ProcedureTemplate> {
  try {
    const procedures: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (!isObject(procedures)) throw new TypeError('it must contain a JSON object with a property for each procedure');
    return Object.fromEntries(Object.entries(procedures).map(([name, one]) => [name, readProcedure(name, one)]));
  } catch (error) {
    throw new StartupError(
      `Cannot use the procedures of ${file}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function readProcedure(name: string, value: unknown): ProcedureTemplate {
  check(value, PROCEDURE_RULES, name);
  const { steps, review, contentReview } = value as { steps?: unknown[]; review?: object; contentReview?: object };
  if (!steps) throw new TypeError(`"${name}.steps" is missing: it must be an array`);
  if (steps.length === 0) throw new TypeError(`"${name}.steps" must have at least one step`);
  return {
    steps: steps.map((step, index) => readStep(step, `${name}.steps[${index}]`)),
    ...(review && { review: readReview(review, `${name}.review`) }),
    ...(contentReview && { contentReview: readContentReview(contentReview, `${name}.contentReview`) }),
  };
}

interface RawStep {
  readonly type?: Step['type'];
  readonly definition?: number;
  readonly seconds?: number;
  readonly outcome?: 'success' | 'fail';
}

function readStep(value: unknown, name: string): Step {
  check(value, STEP_RULES, name);
  const { type, definition, seconds, outcome } = value as RawStep; // has passed its rules
  if (!type) throw new TypeError(`"${name}.type" is missing: it must be ${STEP_RULES['type']?.expected ?? ''}`);
  return {
    type,
    definition: definition ?? (type === 'Transcode' ? 100010 : 10),
    fails: outcome === 'fail',
    ...(seconds !== undefined && { ms: seconds * 1000 }),
  };
}

function readReview(value: object, name: string): ReviewVerdict {
  check(value, REVIEW_RULES, name);
  const { suggestion = 'pass', label, form, seconds } = value as Partial<ReviewVerdict> & { seconds?: number };
  return {
    ...defaultVerdict(suggestion),
    ...(label !== undefined && { label }),
    ...(form !== undefined && { form }),
    ...(seconds !== undefined && { ms: seconds * 1000 }),
  };
}

function readContentReview(value: object, name: string): ContentReview {
  check(value, CONTENT_REVIEW_RULES, name);
  const { suggestion = 'pass', label, confidence } = value as Partial<ContentReview>;
  const isPass = suggestion === 'pass';
  return { suggestion, label: label ?? (isPass ? 'normal' : 'porn'), confidence: confidence ?? (isPass ? 0 : 99) };
}

/** @throws TypeError */
function check(value: unknown, rules: Readonly<Record<string, Rule>>, name: string): void {
  const violation = findViolation(value, rules, name);
  if (violation !== undefined) throw new TypeError(violation);
}
