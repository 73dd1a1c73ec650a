import { localConfig } from './backend';

export interface MetricFilter {
  readonly LogGroupName: { readonly Ref: string };
  readonly FilterPattern: string;
  readonly MetricTransformations: readonly [
    {
      readonly MetricName: string;
      readonly MetricValue: string;
      readonly DefaultValue?: number;
      readonly Dimensions?: readonly { readonly Key: string; readonly Value: string }[];
    },
  ];
}

/** The metric filters of the deployment. */
export async function metricFilters(): Promise<readonly MetricFilter[]> {
  const { resources } = await localConfig();
  return Object.values(resources?.Resources ?? {})
    .filter(({ Type: type }) => type === 'AWS::Logs::MetricFilter')
    .map(({ Properties }) => Properties as MetricFilter);
}

/** CloudWatch's filter patterns, as far as ours go: `{ $.a = "b" }`, `{ $.a != "b" }`, `{ $.a > 0 }`, `{ $.a >= 7 }`, and these in brackets with `&&` or `||`. */
function matches(pattern: string, line: Readonly<Record<string, unknown>>): boolean {
  const [, inner = ''] = /^\{ (.*) \}$/.exec(pattern) ?? [];
  const holds = (clause: string): boolean => {
    const [, counted = '', comparison, bound] = /^\(?\$\.(\w+) (>|>=) (\d+)\)?$/.exec(clause) ?? [];
    const number = line[counted];
    if (comparison !== undefined && typeof number !== 'number') return false;
    if (typeof number === 'number') return comparison === '>' ? number > Number(bound) : number >= Number(bound);
    const [, name, operator, text] = /^\(?\$\.(\w+) (=|!=) "([\w*-]+)"\)?$/.exec(clause) ?? [];
    if (name === undefined) throw new Error(`Cannot evaluate the filter pattern ${pattern}: extend this test`);
    if (typeof line[name] !== 'string') return false;
    return (text === '*' || line[name] === text) === (operator === '=');
  };
  return inner.split(' || ').some((clauses) => clauses.split(' && ').every(holds));
}

/** How often each metric, with its dimensions, is counted by the lines of a log group. */
export function metricsOf(
  filters: readonly MetricFilter[],
  logGroup: string,
  lines: readonly object[],
): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of lines.map((fields) => JSON.parse(JSON.stringify(fields)) as Record<string, unknown>)) {
    for (const { LogGroupName, FilterPattern, MetricTransformations } of filters) {
      if (LogGroupName.Ref !== logGroup || !matches(FilterPattern, line)) continue;
      const [{ MetricName, MetricValue, Dimensions = [] }] = MetricTransformations;
      const values = Dimensions.map(({ Value }) => String(line[Value.replace('$.', '')]));
      const metric = [MetricName, ...values].join(' ');
      const count = MetricValue.startsWith('$.') ? line[MetricValue.slice(2)] : MetricValue;
      counts[metric] = (counts[metric] ?? 0) + Number(count);
    }
  }
  return counts;
}
