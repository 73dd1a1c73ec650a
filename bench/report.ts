import { verdict, type Bar } from './statistics';
import { barTable, figure } from './tables';

const parts: string[] = [];

/** What was asked of the times, and what was measured. */
export const bars: Bar[] = [];

/** A part of the report, in Markdown: shown at once, and kept for the file. */
export function say(text: string): void {
  console.log(`${text}\n`);
  parts.push(text);
}

/** All that was said, with `load` and the bars behind the heading; shows these. */
export function conclusion(load: string): { readonly markdown: string; readonly isAnyMissed: boolean } {
  const reasons = bars.flatMap((bar) => {
    const { q1, q3 } = bar.measured;
    const why = bar.why ?? `from ${figure(q1, bar.digits)} to ${figure(q3, bar.digits)}; its cause was not measured`;
    return verdict(bar) === 'met' ? [] : [`- ${bar.what}, ${verdict(bar)}: ${why}.`];
  });
  const table = [barTable(bars), ...(reasons.length > 0 ? [reasons.join('\n')] : [])].join('\n\n');
  console.log(`${load}\n\n${table}`);
  const [heading = '', ...rest] = parts;
  const markdown = [`${heading}\n${load}`, `## The bars\n\n${table}`, ...rest].join('\n\n');
  return { markdown: `${markdown}\n`, isAnyMissed: bars.some((bar) => verdict(bar) === 'missed') };
}
