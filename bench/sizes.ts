import { addBars, addSection } from './report';
import { single } from './statistics';
import { figure, table } from './tables';
import { FUNCTIONS, NAMES, ours, sizes, USUAL } from './variants';

/** Largest bundle of a function without its map, compressed, in kB. */
const MAX_BUNDLE = 130;
/** Largest package of the function that signs, with its map, compressed, in kB. */
const MAX_SIGNING_PACKAGE = 60;

/** Reports the sizes of all bundles; returns the compressed kB of ours and of (a), by function. */
export function reportSizes(files: Readonly<Record<string, string>>): { ours: number[]; usual: number[] } {
  const zippedOf = (name: string) => sizes(files[name] ?? '').zipped;
  const own = FUNCTIONS.map(ours);
  const names = [...own, ...Object.keys(NAMES)].filter(
    (name) => files[name] && !['nothing', 'sign-limit'].includes(name),
  );
  addSection(
    `## Loaded code\n\n${table(
      ['bundle', 'kB', 'kB compressed'],
      names.map((name) => {
        const { plain, zipped } = sizes(files[name] ?? '');
        const title = own.includes(name) ? `this project: ${name.replace('ours-', '')}` : (NAMES[name] ?? name);
        return [title, figure(plain, 0), figure(zipped, 0)];
      }),
    )}`,
  );
  const signing = files[ours('upload-signature')] ?? '';
  addBars(
    ...FUNCTIONS.map((name) => ({
      name: `bundle of ${name}: kB compressed`,
      measured: single(zippedOf(ours(name))),
      max: MAX_BUNDLE,
      digits: 0,
    })),
    {
      name: 'package of upload-signature with its map: kB compressed',
      measured: single(sizes(signing).zipped + sizes(`${signing}.map`).zipped),
      max: MAX_SIGNING_PACKAGE,
      digits: 0,
    },
  );
  return { ours: own.map(zippedOf), usual: FUNCTIONS.map((name) => zippedOf(USUAL[name])) };
}
