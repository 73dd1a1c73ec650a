'use strict';
// One instance of a function: loads its bundle, calls its handler as Lambda would, and writes to file descriptor 3 when the
// first response was there, in milliseconds since the process started, and what the later calls took.
const { createHash } = require('node:crypto');
const { readFileSync, writeSync } = require('node:fs');
const { setImmediate: turn, setTimeout: sleep } = require('node:timers/promises');

const { bundle, eventFile, id, warmUp, calls, pause, heapAfter } = JSON.parse(process.argv[2]);
// One event a line: the first is the first call's, the following are used in turn.
const templates = readFileSync(eventFile, 'utf8').trimEnd().split('\n');
const context = {
  awsRequestId: '00000000-0000-4000-8000-000000000000',
  functionName: 'bench',
  functionVersion: '$LATEST',
  invokedFunctionArn: 'arn:aws:lambda:ap-southeast-1:123456789012:function:bench',
  memoryLimitInMB: '512',
  getRemainingTimeInMillis: () => 25_000,
};
/** Digits, as VOD's file ids are. */
const fileId = (number) => String(BigInt(`0x${createHash('md5').update(`${id}-${number}`).digest('hex')}`));
const event = (number) => JSON.parse(templates[number % templates.length].replaceAll('FILE_ID', () => fileId(number)));

/** Of a route the status, of a batch whether all of its records succeeded. */
function assertSuccess({ statusCode, body, batchItemFailures }) {
  if (statusCode === 200 || batchItemFailures?.length === 0) return;
  throw new Error(`${bundle} returned ${statusCode ?? JSON.stringify(batchItemFailures)}: ${body}`);
}

const milliseconds = ({ user, system }) => (user + system) / 1000;

async function main() {
  const first = event(0);
  const started = performance.now();
  const loadedBundle = bundle.endsWith('.mjs') ? await import(bundle) : require(bundle);
  const { handler } = loadedBundle;
  const loaded = performance.now();
  const result = await handler(first, context);
  const firstResponse = performance.now();
  const coldCpu = milliseconds(process.cpuUsage());
  const { secretRead } = loadedBundle;
  assertSuccess(result);

  // Outside of the heap, which is measured.
  const times = new Float64Array(warmUp + calls);
  let count = 0;
  let cpu = 0;
  /** Calls the handler with these events, which were parsed before: parsing them is not the function's work. */
  async function measure(from, to) {
    const events = Array.from({ length: to - from }, (_, index) => event(from + index));
    const before = process.cpuUsage();
    for (const next of events) {
      const start = performance.now();
      const returned = handler(next, context);
      const response = returned instanceof Promise ? await returned : returned;
      times[count++] = performance.now() - start;
      assertSuccess(response);
      await (pause > 0 ? sleep(pause) : turn());
    }
    cpu += milliseconds(process.cpuUsage(before));
  }
  await measure(1, 1 + warmUp);
  cpu = 0;
  const heaps = [];
  let callCount = 1 + warmUp;
  for (const goal of [...heapAfter, calls]) {
    // In steps, so that the events themselves do not fill the heap.
    for (const end = 1 + warmUp + goal; callCount < end; callCount = Math.min(end, callCount + 1_000)) {
      await measure(callCount, Math.min(end, callCount + 1_000));
    }
    globalThis.gc?.();
    heaps.push(process.memoryUsage().heapUsed);
  }
  const { rss } = process.memoryUsage();
  const counted = [...times.subarray(warmUp)];
  const cold = { started, loaded, secretRead, firstResponse, coldCpu };
  writeSync(3, JSON.stringify({ ...cold, times: counted, cpu, rss, heaps }));
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
