import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import '../../support/environment';
import { chaos, failures, type Report } from './chaos';

// `npm run chaos`: 5 000 uploads while everything goes wrong, pushed and then pulled. It fails on any difference.

const UPLOADS = Number(process.env['CHAOS_UPLOADS'] ?? 5_000);
const SEED = Number(process.env['CHAOS_SEED'] ?? 1);

async function main(): Promise<void> {
  for (const mode of ['PUSH', 'PULL'] as const) {
    const dataDir = await mkdtemp(join(tmpdir(), 'vod-client-upload-chaos-'));
    try {
      const began = performance.now();
      const report = await chaos({ uploads: UPLOADS, mode, seed: SEED, dataDir });
      print(`${mode}, seed ${SEED}, ${Math.round((performance.now() - began) / 1000)} s`, report);
      const wrong = failures(mode, report);
      for (const message of wrong) console.error(`FAIL  ${message}`);
      if (wrong.length > 0) process.exitCode = 1;
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  }
}

function print(title: string, { did, before, after, reconciled }: Report): void {
  console.log(title);
  for (const [what, counts] of Object.entries({ did, 'before reconcile': before, reconciled, 'after it': after })) {
    const list = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
    console.log(`  ${what.padEnd(18)} ${list.join(', ')}`);
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
