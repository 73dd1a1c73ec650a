import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Upload } from '../../local/uploads';
import '../helpers/environment';
import { differences, percentile, sendEvents } from './load';
import { npmStart } from './npm-start';

// `npm run load`: 20 000 events from 200 senders against what `npm start` starts. It fails when an event that was
// answered with 200 is not in the table, when one was answered otherwise, or when an answer in a hundred takes 2 s.

const SENDERS = 200;
const EVENTS = 20_000;
const LONGEST = 2_000;

async function main(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'vod-client-upload-load-'));
  const { url, callbackUrl, stop } = await npmStart(dataDir, 'ignore');
  try {
    const sent = await sendEvents({ callbackUrl, senders: SENDERS, events: EVENTS });
    const rows = (await (await fetch(`${url}/local/uploads`)).json()) as Upload[];
    const wrong = differences(sent, rows);
    for (const sentence of wrong.slice(0, 20)) console.error(sentence);
    const refused = sent.answers.filter(({ status }) => status !== 200).length;
    const [p50, p99] = [0.5, 0.99].map((part) => Math.round(percentile(sent, part)));
    const bar = (name: string, is: string | number, good: boolean) => {
      console.log(`${name.padEnd(34)} ${String(is).padStart(8)}  ${good ? 'pass' : 'FAIL'}`);
      if (!good) process.exitCode = 1;
    };
    console.log(
      `${EVENTS} events from ${SENDERS} senders: ${Math.round(EVENTS / sent.seconds)} a second, p50 ${p50 ?? 0} ms`,
    );
    bar('p99, in ms, below 2000', p99 ?? 0, (p99 ?? 0) < LONGEST);
    bar('answered otherwise than with 200', refused, refused === 0);
    bar('200, and not in the table as sent', wrong.length, wrong.length === 0);
  } finally {
    await stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
