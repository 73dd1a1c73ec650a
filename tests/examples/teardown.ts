import { rm } from 'node:fs/promises';

export default async function teardown(): Promise<void> {
  const folder = process.env['EXAMPLES_FOLDER'];
  if (folder !== undefined) await rm(folder, { recursive: true });
}
