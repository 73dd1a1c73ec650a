'use strict';
// One instance of a function: loads its bundle, calls its handler as Lambda would, and says on file descriptor 3 when the
// first answer was there (in milliseconds since the process started) and what the calls after it took.
const { createHash } = require('node:crypto');
const { readFileSync, writeSync } = require('node:fs');

const [bundle, eventFile, id, warmUp, calls] = process.argv.slice(2);
const template = readFileSync(eventFile, 'utf8');
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
const event = (number) => JSON.parse(template.replaceAll('FILE_ID', fileId(number)));

async function main() {
  const first = event(0);
  const started = performance.now();
  const loadedBundle = bundle.endsWith('.mjs') ? await import(bundle) : require(bundle);
  const { handler } = loadedBundle;
  const loaded = performance.now();
  const { statusCode, body } = await handler(first, context);
  const answered = performance.now();
  const { secretRead } = loadedBundle;
  if (statusCode !== 200) throw new Error(`${bundle} answered ${statusCode}: ${body}`);

  const times = [];
  let cpu;
  for (let number = 1 - Number(warmUp); number <= Number(calls); number++) {
    const next = event(`w${number}`);
    if (number === 1) cpu = process.cpuUsage();
    const since = performance.now();
    const answer = handler(next, context);
    const { statusCode: status } = answer instanceof Promise ? await answer : answer;
    const took = performance.now() - since;
    if (status !== 200) throw new Error(`${bundle} answered ${status}`);
    if (number > 0) times.push(took);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { user = 0, system = 0 } = cpu ? process.cpuUsage(cpu) : {};
  const { rss } = process.memoryUsage();
  writeSync(3, JSON.stringify({ started, loaded, secretRead, answered, times, cpu: (user + system) / 1000, rss }));
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
