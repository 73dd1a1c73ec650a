import { verdict, type Bar } from './statistics';
import { barTable } from './tables';

const parts: string[] = [];

/** What was asked of the times, and what was measured. */
export const bars: Bar[] = [];

/** A part of the report, in Markdown: shown at once, and kept for the file. */
export function say(text: string): void {
  console.log(`${text}\n`);
  parts.push(text);
}

/** All that was said, with the bars behind the heading; shows the bars. */
export function conclusion(): { readonly markdown: string; readonly isAnyMissed: boolean } {
  const table = barTable(bars);
  console.log(table);
  const [heading = '', ...rest] = parts;
  const markdown = [heading, `## The bars\n\n${table}`, ...rest].join('\n\n');
  return { markdown: `${markdown}\n`, isAnyMissed: bars.some((bar) => verdict(bar) === 'missed') };
}
