import { startTestRun } from '../support/local';
import { differences, sendEvents } from './soak/load';

test('every event of many at once for which the webhook returned 200 is in the table as it was sent', async () => {
  const run = await startTestRun();
  try {
    const sent = await sendEvents({ callbackUrl: run.callbackUrl, senders: 50, events: 600 });
    expect(sent.responses.filter(({ status }) => status !== 200)).toEqual([]);
    expect(differences(sent, await run.rows())).toEqual([]);
    expect(differences(sent, (await run.rows()).slice(1))).not.toEqual([]);
  } finally {
    await run.stop();
  }
});
