import { GetParametersCommand, type Parameter } from '@aws-sdk/client-ssm';
import type { CommandContext } from '../command-line/context';
import type { Deployment, Outputs } from '../deployment/deployment';
import { explainAws } from '../refusals';
import type { Findings } from './findings';

/** Reconcile runs every five minutes. In minutes. */
const MAX_AGE = 15;

const CREATE_CHECKPOINT =
  'run `npm run vod -- reconcile`, which creates it; if that fails, read the log of the function reconcile';

/** Checks whether reconcile still runs: each run writes its checkpoint when it ends. */
export async function checkReconcile(
  { ssm, parameters, isLocal }: Deployment,
  outputs: Outputs | undefined,
  findings: Findings,
  { now }: Pick<CommandContext, 'now'>,
): Promise<void> {
  if (isLocal) return;
  if (!outputs) {
    findings.notChecked(['reconcile'], 'requires the stack, see "stack"');
    return;
  }
  if (findings.isFault('clock')) {
    findings.notChecked(['reconcile'], 'the age of its last run needs a correct clock');
    return;
  }
  const name = parameters.checkpoint;
  try {
    const { Parameters: [checkpoint] = [] } = await ssm.send(new GetParametersCommand({ Names: [name] }));
    if (checkpoint) diagnoseCheckpoint(name, checkpoint, now(), findings);
    else findings.fault('reconcile', `its checkpoint ${name} does not exist: ${CREATE_CHECKPOINT}`);
  } catch (error) {
    const need = { action: 'ssm:GetParameters', resource: name };
    findings.notChecked(['reconcile'], explainAws(error, need));
  }
}

function diagnoseCheckpoint(
  name: string,
  { LastModifiedDate: writtenAt, Version: version }: Parameter,
  now: number,
  findings: Findings,
): void {
  if (!writtenAt) {
    findings.notChecked(['reconcile'], `SSM does not report when ${name} was written`);
    return;
  }
  const minutes = Math.floor((now - writtenAt.getTime()) / 60_000);
  // The deploy writes the first version.
  const isNew = version === 1;
  if (minutes < MAX_AGE) {
    findings.ok(
      'reconcile',
      isNew ? 'deployed just now, the first run starts within five minutes' : `ran ${minutes} min ago`,
    );
    return;
  }
  const period = `since ${writtenAt.toISOString()}${isNew ? ', when it was deployed' : ''} (${minutes} min)`;
  const advice =
    'read the log of the function reconcile, and check that its schedule is on and AWS does not throttle it';
  findings.fault('reconcile', `no run has ended ${period}, so lost events are not recovered: ${advice}`);
}
