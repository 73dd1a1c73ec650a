import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from '../../../scripts/generate-validators';

test('the validators in lib/generated are those of the schemas: `npm run generate` makes them', () => {
  const folder = join(__dirname, '../../../lib/generated');
  const found = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]);
  expect(Object.fromEntries(found)).toEqual(generate());
});
