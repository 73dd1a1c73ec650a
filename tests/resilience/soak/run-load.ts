import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Upload } from '../../../local/uploads';
import { startLocal } from '../../../local/run';
import '../../support/environment';
import { differences, percentile, sendEvents } from './load';
import { npmStart } from './npm-start';
import { latency, measureVerification, type VerificationLoad } from './verification-load';

// `npm run load`, two parts. How fast uploads become final, at steady rates. And 20 000 events from 200 senders against
// what `npm start` starts: each whose response was 200 must be in the table.

const SENDERS = 200;
const EVENTS = 20_000;
const MAX_ANSWER_MS = 2_000;
const MAX_P50_MS = 2_000;
const MAX_P99_MS = 5_000;

const RATES: readonly (VerificationLoad & { readonly title: string })[] = [
  { title: '1 upload a second', perSecond: 1, seconds: 20, withProcedure: false },
  { title: '50 uploads a second', perSecond: 50, seconds: 20, withProcedure: false },
  { title: '20 uploads a second with a procedure', perSecond: 20, seconds: 20, withProcedure: true },
];

function report(name: string, measured: string | number, isGood: boolean): void {
  console.log(`${name.padEnd(52)} ${String(measured).padStart(8)}  ${isGood ? 'pass' : 'FAIL'}`);
  if (!isGood) process.exitCode = 1;
}

async function verifications(dataDir: string): Promise<void> {
  const run = await startLocal({
    port: 0,
    vodPort: 0,
    tablePort: 0,
    dataDir,
    schedules: false,
    log: () => undefined,
  });
  try {
    for (const rate of RATES) {
      const measured = await measureVerification(run, rate);
      const p50 = latency(measured, 0.5);
      const p99 = latency(measured, 0.99);
      const calls = Object.entries(measured.callsPerUpload).map(([action, count]) => `${action} ${count.toFixed(2)}`);
      report(`${rate.title}: ready of ${measured.uploads}`, measured.ready, measured.ready === measured.uploads);
      report(`${rate.title}: p50 in ms`, p50, p50 <= MAX_P50_MS);
      report(`${rate.title}: p99 in ms`, p99, p99 <= MAX_P99_MS);
      console.log(`  calls to VOD for each upload: ${calls.join(', ')}`);
    }
  } finally {
    await run.stop();
  }
}

async function events(dataDir: string): Promise<void> {
  const { url, callbackUrl, stop } = await npmStart(dataDir, 'ignore');
  try {
    const sent = await sendEvents({ callbackUrl, senders: SENDERS, events: EVENTS });
    const rows = (await (await fetch(`${url}/local/uploads`)).json()) as Upload[];
    const wrong = differences(sent, rows);
    for (const message of wrong.slice(0, 20)) console.error(message);
    const refused = sent.responses.filter(({ status }) => status !== 200).length;
    const [p50 = NaN, p99 = NaN] = [0.5, 0.99].map((part) => Math.round(percentile(sent, part)));
    console.log(
      `${EVENTS} events from ${SENDERS} senders: ${Math.round(EVENTS / sent.seconds)} a second, p50 ${p50} ms`,
    );
    report('p99 in ms', p99, p99 < MAX_ANSWER_MS);
    report('responses other than 200', refused, refused === 0);
    report('accepted with 200 and not in the table as sent', wrong.length, wrong.length === 0);
  } finally {
    await stop();
  }
}

async function main(): Promise<void> {
  for (const part of [verifications, events]) {
    const dataDir = await mkdtemp(join(tmpdir(), 'vod-client-upload-load-'));
    try {
      await part(dataDir);
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
