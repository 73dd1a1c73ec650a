import { LocalError } from './local-error';
import { ACCEPTED_TYPES } from './media-types';
import { SUGGESTIONS, type Suggestion } from './procedure-templates';
import { findViolation, integer, list, matching, number, oneOf, text, type Rule } from './rules';
import type { Task } from './state';

/** A file to add, as `POST /local/seed` describes it. Times are in milliseconds. */
export interface SeedFile {
  readonly fileId?: string;
  readonly name?: string;
  readonly type?: string;
  readonly size?: number;
  readonly content?: Buffer;
  readonly sourceContext?: string;
  readonly classId?: number;
  readonly createTime?: number;
  readonly duration?: number;
  readonly width?: number;
  readonly height?: number;
  readonly status?: 'Normal' | 'Forbidden';
  readonly review?: Suggestion;
}

/** A task to add. Times are in milliseconds. */
export interface SeedTask {
  readonly taskId?: string;
  readonly fileId?: string;
  readonly type?: 'Procedure' | 'ReviewAudioVideo';
  readonly procedure?: string;
  readonly status?: Task['status'];
  readonly suggestion?: Suggestion;
  readonly sessionContext?: string;
  readonly createTime?: number;
  readonly finishTime?: number;
}

export interface Seed {
  readonly files: readonly SeedFile[];
  readonly tasks: readonly SeedTask[];
  readonly events: boolean;
}

const MAX_ELEMENTS = 1000;
const MAX_BYTES = 100 * 1024 ** 3;
const MAX_PIXELS = 100_000;

const FILE_ID = matching(/^\d{19}$/, 'a string of 19 digits');
const SUGGESTION = oneOf(SUGGESTIONS);
const TIME: Rule = {
  isValid: (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value)),
  expected: 'an ISO 8601 time such as "2026-01-31T12:00:00Z"',
};

const BODY_RULES: Readonly<Record<keyof Seed, Rule>> = {
  files: list(MAX_ELEMENTS),
  tasks: list(MAX_ELEMENTS),
  events: { isValid: (value) => typeof value === 'boolean', expected: 'true or false' },
};

export const FILE_RULES: Readonly<Record<keyof SeedFile, Rule>> = {
  fileId: FILE_ID,
  name: text(200),
  type: oneOf(ACCEPTED_TYPES),
  size: integer(0, MAX_BYTES),
  content: {
    // No groups: V8 has no stack for those of megabytes.
    isValid: (value) => typeof value === 'string' && value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value),
    expected: 'Base64',
  },
  sourceContext: text(250),
  classId: integer(0, Number.MAX_SAFE_INTEGER),
  createTime: TIME,
  duration: number(0, 1e6),
  width: integer(0, MAX_PIXELS),
  height: integer(0, MAX_PIXELS),
  status: oneOf(['Normal', 'Forbidden']),
  review: SUGGESTION,
};

export const TASK_RULES: Readonly<Record<keyof SeedTask, Rule>> = {
  // It becomes the name of a file.
  taskId: matching(/^[A-Za-z0-9_-]{1,100}$/, 'a string of at most 100 letters, digits, "-" and "_"'),
  fileId: FILE_ID,
  type: oneOf(['Procedure', 'ReviewAudioVideo']),
  procedure: text(100),
  status: oneOf(['PROCESSING', 'FINISH', 'ABORTED']),
  suggestion: SUGGESTION,
  sessionContext: text(1000),
  createTime: TIME,
  finishTime: TIME,
};

/**
 * Reads the body of `POST /local/seed`.
 *
 * @throws LocalError that names the property and what it must be
 */
export function readSeed(body: unknown): Seed {
  check(findViolation(body, BODY_RULES));
  // Its properties have these types now, its elements are checked next.
  const { files = [], tasks = [], events = false } = body as { files?: unknown[]; tasks?: unknown[]; events?: boolean };
  return {
    files: files.map((file, index) => readFile(file, `files[${index}]`)),
    tasks: tasks.map((task, index) => readTask(task, `tasks[${index}]`)),
    events,
  };
}

/** The properties as JSON has them. */
type Raw<T> = { readonly [K in keyof T]: K extends 'content' | 'createTime' | 'finishTime' ? string : T[K] };

function readFile(file: unknown, name: string): SeedFile {
  check(findViolation(file, FILE_RULES, name));
  const { content, createTime, ...fields } = file as Raw<SeedFile>; // has passed its rules
  if (content !== undefined && fields.size !== undefined) {
    throw new LocalError(400, `"${name}.size" must be absent if "content" is given`);
  }
  return {
    ...fields,
    ...(content !== undefined && { content: Buffer.from(content, 'base64') }),
    ...(createTime !== undefined && { createTime: Date.parse(createTime) }),
  };
}

function readTask(task: unknown, name: string): SeedTask {
  check(findViolation(task, TASK_RULES, name));
  const { createTime, finishTime, ...fields } = task as Raw<SeedTask>; // has passed its rules
  const isReview = fields.type === 'ReviewAudioVideo';
  if (isReview && fields.procedure !== undefined) {
    throw new LocalError(400, `"${name}.procedure" must be absent if "type" is "ReviewAudioVideo"`);
  }
  if (!isReview && fields.suggestion !== undefined) {
    throw new LocalError(400, `"${name}.suggestion" must be absent unless "type" is "ReviewAudioVideo"`);
  }
  if (fields.status === 'PROCESSING' && finishTime !== undefined) {
    throw new LocalError(400, `"${name}.finishTime" must be absent if "status" is "PROCESSING"`);
  }
  return {
    ...fields,
    ...(createTime !== undefined && { createTime: Date.parse(createTime) }),
    ...(finishTime !== undefined && { finishTime: Date.parse(finishTime) }),
  };
}

function check(violation: string | undefined): void {
  if (violation !== undefined) throw new LocalError(400, violation);
}
