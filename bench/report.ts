import { verdict, type Bar } from './statistics';
import { barTable, figure } from './tables';

const sections: string[] = [];
const bars: Bar[] = [];

export function addBars(...added: readonly Bar[]): void {
  bars.push(...added);
}

/** Adds a section, in Markdown, to the report, and prints it. */
export function addSection(text: string): void {
  console.log(`${text}\n`);
  sections.push(text);
}

/** All sections, with `load` and the bars behind the heading; prints these two. */
export function finishReport(load: string): { readonly markdown: string; readonly isAnyMissed: boolean } {
  const reasons = bars.flatMap((bar) => {
    const { q1, q3 } = bar.measured;
    const reason =
      bar.reason ?? `from ${figure(q1, bar.digits)} to ${figure(q3, bar.digits)}; its cause was not measured`;
    return verdict(bar) === 'met' ? [] : [`- ${bar.name}, ${verdict(bar)}: ${reason}.`];
  });
  const table = [barTable(bars), ...(reasons.length > 0 ? [reasons.join('\n')] : [])].join('\n\n');
  console.log(`${load}\n\n${table}`);
  const [heading = '', ...rest] = sections;
  const markdown = [`${heading}\n${load}`, `## The bars\n\n${table}`, ...rest].join('\n\n');
  return { markdown: `${markdown}\n`, isAnyMissed: bars.some((bar) => verdict(bar) === 'missed') };
}
