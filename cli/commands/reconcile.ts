import { asArray, asNumber, getField } from '../../lib/platform/json';
import { FINDINGS } from '../../lib/verification/finding';
import { PHASES } from '../../lib/verification/checkpoint';
import { defineCommand } from '../command-line/command';
import { findDeployment } from '../deployment/find-deployment';
import { withInterruptionMessage } from '../terminal/interruption';

export const reconcile = defineCommand({
  name: 'reconcile',
  summary: 'run the reconcile function once, and print what it did',
  description: `
    Runs the function that finds uploads and results for which no event arrived, and verifies them; a run takes up to five
    minutes. The schedule runs it every five minutes; a concurrent run is harmless. Exit code 1 if it failed.`,
  options: {
    'accept-deletions': {
      description: `treat files as deleted even if VOD returns none of 20 confirmed files of one call, or none of at least
        5 of a run. Without this option such a response changes nothing (alarm mass-deletion), because VOD_SUB_APP_ID or
        the key pair more likely belongs to another application`,
    },
    json: { description: 'print what the function returned' },
  },

  run: async ({ options }, context) => {
    const deployment = await findDeployment(options, context);
    const summary = await withInterruptionMessage('The function continues; its log has the result', () =>
      deployment.runReconcile({ acceptDeletions: options['accept-deletions'] }),
    );
    if (options.json) {
      context.out(JSON.stringify(summary));
      return 0;
    }
    for (const line of linesOf(summary)) context.out(line);
    return 0;
  },
});

/** Formats what the function returned; a missing number counts as 0. */
function linesOf(summary: unknown): string[] {
  const count = (name: string, from = summary) => asNumber(getField(from, name)) ?? 0;
  const examined = getField(summary, 'examined');
  const hidden = asArray(getField(summary, 'hidden'));
  const isFinished = getField(summary, 'finished') === true;
  return [
    `rows      ${FINDINGS.map((name) => `${count(name)} ${name}`).join(', ')}`,
    `examined  ${PHASES.map((name) => `${count(name, examined)} ${name}`).join(', ')}`,
    ...(count('lostEvents') > 0 ? [`lost      ${count('lostEvents')} files for which no event arrived`] : []),
    ...(count('failed') > 0 ? [`failed    ${count('failed')} files, see the log of reconcile; they are retried`] : []),
    ...(hidden.length > 0 ? [describeHidden(hidden.map(String).join(', '))] : []),
    isFinished ? 'finished' : 'not finished: the next run resumes here',
  ];
}

/** Uploads that SearchMedia does not return are found by their events only. */
function describeHidden(times: string): string {
  return `hidden    SearchMedia does not return all files created at ${times}: lost events of the others cannot be found`;
}
