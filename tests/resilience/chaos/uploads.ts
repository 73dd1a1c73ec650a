import { setTimeout as sleep } from 'node:timers/promises';
import type { LocalRun } from '../../../local/run';
import { apply, cos, ugc } from '../../support/vod/vod-client';

/** An upload as its client knows it. */
export interface Uploaded extends Plan {
  readonly fileId: string;
  readonly url: string;
}

export interface Plan {
  readonly user: string;
  readonly name: string;
  readonly type: string;
  readonly content: string;
  readonly oneTimeValid: boolean;
  /** Commit with the signature of Apply, as the native SDKs do, or with another, as the browser's does. */
  readonly oneSignature: boolean;
  readonly sourceContext?: string;
  readonly procedure?: 'LongVideoPreset' | 'FailingPreset';
  readonly taskNotifyMode?: 'Finish' | 'Change';
  readonly sessionContext?: string;
}

const USERS = ['user-1', 'user-2', 'auth0|5f7c8ec7', '用户三', 'josé:4'];
const CONTEXTS = ['order', '订单', 'a&b=c+d%20e "f"', 'vcu1:', '🎬 Пример', '{"id":7}'];

/** The nth upload. About half have a procedure, some signatures are valid once. */
export function plan(number: number, random: () => number): Plan {
  const oneOf = <T>(values: readonly [T, ...T[]]): T => values[Math.floor(random() * values.length)] ?? values[0];
  const chance = (probability: number) => random() < probability;
  const what = {
    user: USERS[number % USERS.length] ?? '',
    name: `${oneOf(['clip', '动物世界', 'été 2026'])} ${number}`,
    type: oneOf(['mp4', 'mov', 'webm', 'mp3']),
    content: 'x'.repeat(1 + Math.floor(random() * 40)),
    oneTimeValid: chance(0.2),
    oneSignature: chance(0.5),
    ...(chance(0.9) && { sourceContext: `${CONTEXTS[number % CONTEXTS.length] ?? ''} ${number}` }),
  };
  if (chance(0.5)) return what;
  const procedure = oneOf(['LongVideoPreset', 'FailingPreset'] as const);
  const taskNotifyMode = oneOf(['Finish', 'Change'] as const);
  return { ...what, procedure, taskNotifyMode, ...(chance(0.5) && { sessionContext: `会话 ${number}` }) };
}

/** Uploads as an app's client: requests a signature from the gateway, and once more when that fails. */
export async function upload(run: LocalRun, vodPort: number, what: Plan): Promise<Uploaded> {
  const { user, name: videoName, type: videoType, content } = what;
  const video = { videoName, videoType, videoSize: content.length };
  const first = await signature(run, what);
  const applied = await apply(vodPort, first, video);
  const stored = await cos(vodPort, applied, { method: 'PUT', path: applied.video.storagePath, body: content });
  if (stored.status !== 200) throw new Error(`The storage returned ${stored.status} to an upload of ${user}`);
  const second = what.oneSignature ? first : await signature(run, what);
  const { code, message, data } = await ugc(vodPort, 'Commit', {
    signature: second,
    vodSessionKey: applied.vodSessionKey,
  });
  if (code !== 0) throw new Error(`Commit returned ${code} ${message} to an upload of ${user}`);
  return { ...what, fileId: data.fileId, url: data.video.url };
}

async function signature(run: LocalRun, what: Plan): Promise<string> {
  const { user, oneTimeValid, sourceContext, procedure, taskNotifyMode, sessionContext } = what;
  const headers = { authorization: `Bearer ${await run.issuer.token({ sub: user })}` };
  const body = JSON.stringify({ oneTimeValid, sourceContext, procedure, taskNotifyMode, sessionContext });
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(`${run.url}/upload-signature`, { method: 'POST', headers, body });
    if (response.ok) return ((await response.json()) as { signature: string }).signature;
    // The function was killed: a new instance responds.
    if (attempt === 20) throw new Error(`No signature: ${response.status} ${await response.text()}`);
    await sleep(100);
  }
}
