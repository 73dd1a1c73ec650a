import { asArray, asNumber, getField } from '../../lib/platform/json';
import { FINDINGS } from '../../lib/verification/finding';
import { PHASES } from '../../lib/verification/checkpoint';
import { DEPLOYMENT_OPTIONS, DEPLOYMENT_USAGE, readArgs, type Command } from '../command-line/command';
import { deploymentOf } from '../deployment/deployment';
import { completing } from '../terminal/interruption';

export const reconcile: Command = {
  summary: 'run the reconcile function once, and print what it did',
  usage: `reconcile [options]

Runs the function that finds uploads and results which no event brought, and verifies them; it takes up to five minutes. It
runs every five minutes anyway, and a second run beside it does no harm. Exit code 1 when it failed.

  --accept-deletions   for this run, believe VOD when it knows none of 20 confirmed files. Without it such an answer changes
                       nothing (alarm mass-deletion): rather VOD_SUB_APP_ID or the key pair is of another application
  --json               what the function returned, on stdout
${DEPLOYMENT_USAGE}`,

  run: async (args, context) => {
    const { values } = readArgs({
      args,
      options: { ...DEPLOYMENT_OPTIONS, 'accept-deletions': { type: 'boolean' }, json: { type: 'boolean' } },
    });
    const deployment = await deploymentOf(values, context);
    const summary = await completing('The function goes on by itself; its log has the result', () =>
      deployment.runReconcile({ acceptDeletions: values['accept-deletions'] === true }),
    );
    if (values.json) {
      context.out(JSON.stringify(summary));
      return 0;
    }
    for (const line of linesOf(summary)) context.out(line);
    return 0;
  },
};

/** What the function returned, for people. It comes from another program: what is missing counts as 0. */
function linesOf(summary: unknown): string[] {
  const count = (name: string, from = summary) => asNumber(getField(from, name)) ?? 0;
  const looked = getField(summary, 'looked');
  const hidden = asArray(getField(summary, 'hidden'));
  const isFinished = getField(summary, 'finished') === true;
  return [
    `rows      ${FINDINGS.map((name) => `${count(name)} ${name}`).join(', ')}`,
    `looked at ${PHASES.map((name) => `${count(name, looked)} ${name}`).join(', ')}`,
    ...(count('lost') > 0 ? [`lost      ${count('lost')} files of which no event came`] : []),
    ...(count('failed') > 0
      ? [`failed    ${count('failed')} files, see the log of reconcile; they are asked about again`]
      : []),
    ...(hidden.length > 0 ? [`hidden    VOD does not show all files of ${hidden.map(String).join(', ')}`] : []),
    isFinished ? 'finished' : 'not finished: the next run resumes here',
  ];
}
