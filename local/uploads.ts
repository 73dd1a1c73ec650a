/** A row as the local run shows it: without internal attributes, with tasks grouped by id, and sets as arrays. */
export type Upload = Record<string, unknown> & { readonly tasks: Readonly<Record<string, unknown>> };

const TASK_PREFIX = 'task:';

/** The rows of the table, newest first. */
export function uploadsOf(rows: readonly Record<string, unknown>[]): Upload[] {
  return rows.map(uploadOf).sort((a, b) => timeOf(b) - timeOf(a));
}

function uploadOf(row: Record<string, unknown>): Upload {
  const attributes = publicEntries(row);
  const isTask = ([name]: readonly [string, unknown]) => name.startsWith(TASK_PREFIX);
  const tasks = attributes
    .filter(isTask)
    .map(([name, task]) => [name.slice(TASK_PREFIX.length), publicTask(task)] as const);
  return {
    ...Object.fromEntries(attributes.filter((attribute) => !isTask(attribute))),
    tasks: Object.fromEntries(tasks),
  };
}

function publicTask(task: unknown): unknown {
  return typeof task === 'object' && task !== null ? Object.fromEntries(publicEntries(task)) : task;
}

/** Attributes with a name that begins with `_` are internal. */
function publicEntries(value: object): (readonly [string, unknown])[] {
  return Object.entries(value)
    .filter(([name]) => !name.startsWith('_'))
    .map(([name, content]: [string, unknown]) => [name, content instanceof Set ? [...content] : content] as const);
}

/** The time by which the look-ups sort, or the one that it will be once the row is confirmed; milliseconds since 1970. */
function timeOf({ sortTime, createTime, firstSeenAt }: Record<string, unknown>): number {
  const time = [sortTime, createTime, firstSeenAt].find((candidate) => typeof candidate === 'string');
  return Date.parse(time ?? '') || 0;
}
