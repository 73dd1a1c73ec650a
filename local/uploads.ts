/** An upload's row as the local run shows it: tasks gathered by id, sets as lists. */
export type Upload = Record<string, unknown> & { readonly tasks: Readonly<Record<string, unknown>> };

const TASK = 'task:';

/** The rows of the table, newest first. */
export function uploadsOf(rows: readonly Record<string, unknown>[]): Upload[] {
  return rows.map(uploadOf).sort((a, b) => (timeOf(a) < timeOf(b) ? 1 : -1));
}

function uploadOf(row: Record<string, unknown>): Upload {
  const members = Object.entries(row).map(
    ([name, value]) => [name, value instanceof Set ? [...value] : value] as const,
  );
  const isTask = ([name]: readonly [string, unknown]) => name.startsWith(TASK);
  const tasks = members.filter(isTask).map(([name, value]) => [name.slice(TASK.length), value] as const);
  return { ...Object.fromEntries(members.filter((member) => !isTask(member))), tasks: Object.fromEntries(tasks) };
}

function timeOf({ sortTime, firstSeenAt }: Record<string, unknown>): string {
  return typeof sortTime === 'string' ? sortTime : typeof firstSeenAt === 'string' ? firstSeenAt : '';
}
