import { announcer, parseAnnouncement } from '../../../lib/notifications/queue';
import type { OutgoingMessage } from '../../../lib/platform/sqs';
import type { Row } from '../../../lib/uploads/row';
import { confirmedRow, NOW, snapshot } from '../../support/unit/rows';

const ready: Row = { ...confirmedRow({ ...snapshot(), tasks: {} }, NOW), fileId: '8' };
/** As after an edit by hand: no code of this service writes such a task. */
const malformed: Row = { ...ready, fileId: '7', tasks: new Map([['t', JSON.parse('{"outputs":null}') as never]]) };

test('A17: a row that cannot be announced is logged, and does not delay the others of its batch', async () => {
  const sent: OutgoingMessage[] = [];
  const lines: object[] = [];
  const send = (_: string, messages: readonly OutgoingMessage[]) => {
    sent.push(...messages);
    return Promise.resolve();
  };
  const announce = announcer(send, 'http://queue', (fields) => lines.push(fields));
  await announce([malformed, ready].map((after) => ({ before: undefined, after })));
  expect(sent.map(({ body }) => parseAnnouncement(body)?.body)).toEqual([expect.stringContaining('"fileId":"8"')]);
  expect(lines).toMatchObject([{ level: 'error', outcome: 'row-refused', fileIds: ['7'] }]);
});
