// Rows as the functions of (a) read and return them.

const SHOWN = ['fileId', 'status', 'version', 'name', 'type', 'category', 'size', 'duration', 'width', 'height'];
const SHOWN_LATER = ['coverUrl', 'url', 'sourceContext', 'createTime', 'updatedAt'];

export const ownRow = (row, caller) => (row?.seal === 'valid' && row.uploader === caller ? row : undefined);

export const outputsOf = (row) =>
  Object.entries(row).flatMap(([name, task]) => (name.startsWith('task:') ? (task.outputs ?? []) : []));

export function view(row) {
  const names = [...SHOWN, ...(row.trust === 'confirmed' ? SHOWN_LATER : [])];
  return Object.fromEntries(names.filter((name) => row[name] !== undefined).map((name) => [name, row[name]]));
}
