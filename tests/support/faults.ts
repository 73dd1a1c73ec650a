import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(__dirname, '../fixtures/faults');

/** Names of the events of reported faults, see tests/fixtures/faults/README.md. */
export const faultEvents: readonly string[] = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.replace(/\.json$/, ''));

/** An event of a reported fault, as text. `name` may be its beginning, for example `07a`. */
export function faultEvent(name: string): string {
  const file = faultEvents.find((known) => known.startsWith(name));
  if (file === undefined) throw new Error(`There is no event ${name}`);
  return readFileSync(join(FOLDER, `${file}.json`), 'utf8');
}
