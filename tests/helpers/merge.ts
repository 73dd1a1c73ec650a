import { settle, SHARED, type Change, type Row } from '../../lib/uploads/upload';
import { omitUndefined } from '../../lib/platform/omit-undefined';

/** The row after a change, as a plain function: what the table's writes come to, but for the blind one's view of sizes. */
export function merge(row: Row | undefined, change: Change, now: string): Row {
  const { fileId } = change;
  if (!row)
    return apply({ fileId, status: 'uploaded', trust: 'pushed', firstSeenAt: now, updatedAt: now }, change, now);
  const left = settle(row, change);
  return left ? apply(row, left, now) : row;
}

function apply(row: Row, { authority, facts, task, claim, status, sortTime, truncated }: Change, now: string): Row {
  const stated = new Set([
    ...(row.stated ?? []),
    ...Object.keys(facts).filter((name) => authority && SHARED.includes(name)),
  ]);
  return {
    ...row,
    ...facts,
    ...omitUndefined({ status: status ?? row.status, sortTime, truncated }),
    ...(task && { [`task:${task.id}`]: task.state }),
    ...(claim !== undefined && { claims: new Set([...(row.claims ?? []), claim]) }),
    ...(stated.size > 0 && { stated }),
    unchecked: 'yes',
    updatedAt: now,
  };
}
