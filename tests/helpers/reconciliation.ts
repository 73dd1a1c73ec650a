import { vod as sdk } from 'tencentcloud-sdk-nodejs-vod';
import { reconcile, type Summary } from '../../lib/verification/reconcile';
import { seal } from '../../lib/vod/source-context';
import type { Row } from '../../lib/uploads/upload';
import type { Vod, VodOptions } from '../../local/vod/server';
import { TABLE_NAME } from './backend';
import { SECRET_ID, SECRET_KEY, start, upload } from './vod-client';
import { SEAL_KEY, startWebhook } from './webhook';

export const HOUR = 3_600_000;

/**
 * A VOD that calls nobody, the webhook, and reconciliation between them. `clock.vod` and `clock.run` shift VOD's time and
 * reconciliation's, in milliseconds; VOD's must be right again when its server API is called.
 */
export async function startReconciliation(options: Partial<VodOptions> = {}) {
  const clock = { vod: 0, run: 0 };
  const vodNow = () => Date.now() + clock.vod;
  const [webhook, vod] = await Promise.all([startWebhook(), start({ now: vodNow, ...options })]);
  const sealKeys = [SEAL_KEY];
  let checkpoint = '{}';
  const lines: Record<string, unknown>[] = [];
  const client = sdkClient(vod);

  const run = reconcile({
    dynamodb: webhook.table.client,
    tableName: TABLE_NAME,
    vodUntil: () => client,
    sealKeys: () => Promise.resolve(sealKeys),
    checkpoint: {
      read: () => Promise.resolve(checkpoint),
      write: (value) => {
        checkpoint = value;
        return Promise.resolve();
      },
    },
    now: () => Date.now() + clock.run,
    log: (fields) => lines.push({ ...fields }),
  });

  return {
    clock,
    /** What reconciliation opens seals with; uploads here are sealed with the first. */
    sealKeys,
    client,
    vod,
    webhook,
    lines,
    /** One run, with so many milliseconds to go. */
    run: (time = 290_000): Promise<Summary> => run({}, { awsRequestId: 'run', getRemainingTimeInMillis: () => time }),
    setCheckpoint: (value: string) => (checkpoint = value),
    /** Uploads a file as `uploader`; the file's id. */
    upload: async ({ text = '', uploader = 'user-42', ...signed }: Record<string, string> = {}) => {
      const seconds = Math.floor(vodNow() / 1000);
      const times = { currentTimeStamp: seconds, expireTime: seconds + 600 };
      return (await upload(vod.port, { sourceContext: seal(text, uploader, SEAL_KEY), ...times, ...signed })).fileId;
    },
    row: async (fileId: string): Promise<Row> => {
      const row = await webhook.rowOf(fileId);
      if (!row) throw new Error(`there is no row of ${fileId}`);
      return row;
    },
    stop: webhook.stop,
  };
}

export type Reconciliation = Awaited<ReturnType<typeof startReconciliation>>;

/** The vendor's own SDK, unmodified. */
function sdkClient(vod: Vod) {
  const httpProfile = { protocol: 'http://', endpoint: `127.0.0.1:${vod.port}` };
  const credential = { secretId: SECRET_ID, secretKey: SECRET_KEY };
  return new sdk.v20180717.Client({ credential, region: '', profile: { httpProfile } });
}
