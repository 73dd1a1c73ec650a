/** A bar of the chart: the ratio of ours to the usual way; at 1 both are equal. */
export interface ChartRow {
  readonly label: string;
  readonly ratio: number;
}

const WIDTH = 720;
const ROW_HEIGHT = 34;
const TOP = 48;
/** Where the bars begin, and how long the one of the usual way is. */
const LEFT = 250;
const FULL = 380;

const STYLE = `
    text { font: 14px system-ui, sans-serif; fill: #1f2328 }
    .note { font-size: 12px; fill: #59636e }
    .usual { fill: #d1d9e0 }
    .ours { fill: #0969da }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc }
      .note { fill: #9198a1 }
      .usual { fill: #3d444d }
      .ours { fill: #4493f8 }
    }`;

/** An SVG of horizontal bars, readable on light and dark pages. A ratio above 1 ends at the edge. */
export function ratioChart(title: string, note: string, rows: readonly ChartRow[]): string {
  const height = TOP + rows.length * ROW_HEIGHT + 8;
  const description = rows.map(({ label, ratio }) => `${label}: ${percent(ratio)}`).join('; ');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title desc">
  <title id="title">${escapeXml(title)}</title>
  <desc id="desc">${escapeXml(`${note} ${description}.`)}</desc>
  <style>${STYLE}
  </style>
  <text x="8" y="20" font-weight="600">${escapeXml(title)}</text>
  <text x="8" y="38" class="note">${escapeXml(note)}</text>
${rows.map(formatRow).join('\n')}
</svg>
`;
}

function formatRow({ label, ratio }: ChartRow, index: number): string {
  const y = TOP + index * ROW_HEIGHT;
  const length = Math.round(Math.min(ratio * FULL, WIDTH - LEFT - 60));
  const end = LEFT + Math.max(length, FULL) + 10;
  return `  <text x="8" y="${y + 20}">${escapeXml(label)}</text>
  <rect class="usual" x="${LEFT}" y="${y + 4}" width="${FULL}" height="24" rx="3"/>
  <rect class="ours" x="${LEFT}" y="${y + 4}" width="${length}" height="24" rx="3"/>
  <text x="${end}" y="${y + 20}">${percent(ratio)}</text>`;
}

function percent(ratio: number): string {
  return `${(100 * ratio).toFixed(0)} %`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
