import { deployParameters } from '../local/deployment';
import { NO_SECRETS } from '../tests/support/backend';
import { resolveCached } from '../tests/support/deploy/resolved-config';
import { ROOT } from './machine';

const MINUTES_PER_MONTH = 30 * 24 * 60;

/** The values of the deploy files on which the costs depend. */
export interface CostFactors {
  /** Megabytes of memory of each function. */
  readonly memory: Readonly<Record<string, number>>;
  readonly reconcileRunsPerMonth: number;
  /** Of a deployment that is pushed events and has no optional feature. */
  readonly alarms: number;
}

/** Reads the deploy files as the framework resolves them. */
export async function readCostFactors(): Promise<CostFactors> {
  const features = { notifyUrl: 'http://localhost:2', playback: false, allowDelete: false };
  const parameters = deployParameters('http://localhost', 'http://localhost:1', NO_SECRETS, features);
  const { provider, functions, resources } = await resolveCached(ROOT, parameters);
  const memory = Object.entries(functions).map(([name, { memorySize = provider.memorySize }]) => {
    if (memorySize === undefined) throw new Error(`Cannot read the deploy files: ${name} has no memorySize`);
    return [name, memorySize] as const;
  });
  const schedule = functions['reconcile']?.events.map((event) => event.schedule).find(Boolean);
  const [, minutes] = /^rate\((\d+) minutes\)$/.exec(String(schedule)) ?? [];
  if (minutes === undefined) throw new Error(`Cannot read the deploy files: reconcile runs at ${String(schedule)}`);
  // The local stage has the functions of both event modes, and webhooks are on for the memory of their function.
  const alarms = Object.entries(resources?.Resources ?? {}).filter(
    ([id, { Type: type }]) => type === 'AWS::CloudWatch::Alarm' && !/^(PullEvents|NotifyApp)/.test(id),
  );
  return {
    memory: Object.fromEntries(memory),
    reconcileRunsPerMonth: MINUTES_PER_MONTH / Number(minutes),
    alarms: alarms.length,
  };
}
