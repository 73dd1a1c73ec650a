import { verdict, type Bar, type Quartiles } from './statistics';

/** A Markdown table whose columns line up, so that it reads as well in a terminal. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, column) => (cells[column] ?? '')[column === 0 ? 'padEnd' : 'padStart'](width)).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

export function figure(value: number, digits = 1): string {
  return value.toFixed(digits);
}

export function range({ q1, median, q3 }: Quartiles, digits = 1): string {
  return `${figure(median, digits)} (${figure(q1, digits)}–${figure(q3, digits)})`;
}

export function barTable(bars: readonly Bar[]): string {
  return table(
    ['bar', 'limit', 'measured', 'verdict'],
    bars.map((bar) => [
      bar.name,
      bar.max === undefined ? `>= ${figure(bar.min ?? NaN, bar.digits)}` : `<= ${figure(bar.max, bar.digits)}`,
      range(bar.measured, bar.digits ?? 2),
      verdict(bar),
    ]),
  );
}
