import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { seal } from '../../lib/vod/source-context';
import { startTestRun, type TestRun } from '../support/local';
import { importSnippet } from '../support/snippet';

// The code in docs/clients.md and docs/playback.md, in both languages.

const FILE = { name: 'holiday', type: 'mp4', size: 3, duration: 1.5, width: 640, height: 360 };

interface Upload {
  readonly fileId: string;
  readonly status: string;
  readonly version: number;
}

let run: TestRun;
beforeAll(async () => {
  run = await startTestRun();
});
afterAll(() => run.stop());

/** The block of code that contains this text. */
function blockWith(name: string, text: string): string {
  const document = readFileSync(join(__dirname, '../..', name), 'utf8');
  const blocks = [...document.matchAll(/```(?:js|ts)\n([^]*?)```/g)].map(([, code = '']) => code);
  return blocks.find((code) => code.includes(text)) ?? '';
}

/** Puts a file of this user into VOD, which sends its events. */
function upload(uploader: string): string {
  return run.vod.put({ ...FILE, sourceContext: seal('', uploader, false, run.secrets.sealKey) }).fileId;
}

/** Of the row that the file's event makes. */
async function urlOf(fileId: string): Promise<string> {
  for (;;) {
    const row = (await run.rows()).find((candidate) => candidate['fileId'] === fileId);
    if (typeof row?.['url'] === 'string') return row['url'];
  }
}

describe.each(['docs/clients.md', 'docs/clients.zh-CN.md'])('%s', (name) => {
  interface Snippet {
    readonly call: (path: string) => Promise<Record<string, unknown>>;
    readonly listUploads: (cursor?: string) => Promise<{ uploads: Upload[]; cursor?: string }>;
    readonly waitForUpload: (fileId: string) => Promise<Upload>;
    readonly deleteUpload: (fileId: string) => Promise<Upload>;
    readonly play: (video: object, fileId: string) => Promise<void>;
  }

  /** The document's functions for a user, and the statuses of the responses that they got. */
  async function importFor(user: string) {
    const statuses: number[] = [];
    const globals = {
      fetch: async (url: string, init: RequestInit) => {
        const response = await fetch(url, init);
        statuses.push(response.status);
        return response;
      },
      userToken: () => run.issuer.token({ sub: user }),
      // Ten times as fast.
      setTimeout: (callback: () => void, pause: number) => setTimeout(callback, pause / 10),
    };
    const code = blockWith(name, 'function listUploads').replace(/const API = '.*'/, `const API = '${run.url}'`);
    return { ...(await importSnippet<Snippet>(code, globals)), statuses };
  }

  test('its code waits for an upload, lists it, plays it by a signed URL and deletes it', async () => {
    const user = `reader of ${name}`;
    const { listUploads, waitForUpload, deleteUpload, play, statuses } = await importFor(user);
    const fileId = upload(user);
    expect(await waitForUpload(fileId)).toMatchObject({ fileId, status: 'ready' });
    expect(await listUploads()).toMatchObject({ uploads: [{ fileId, status: 'ready' }] });

    let isPlaying = false;
    const video = { src: '', play: () => Promise.resolve((isPlaying = true)) };
    await play(video, fileId);
    expect(isPlaying).toBe(true);
    expect((await fetch(video.src)).status).not.toBe(403);
    expect((await fetch(video.src.replace(/\?.*/, ''))).status).toBe(403);

    const { status, version } = await deleteUpload(fileId);
    expect(status).toBe('ready');
    expect(version).toBeGreaterThan(1);
    while ((await listUploads()).uploads.length > 0);
    expect(await waitForUpload(fileId)).toMatchObject({ status: 'deleted' });
    await expect(play(video, fileId)).rejects.toMatchObject({ status: 409 });
    expect(statuses).toContain(200);
  });

  test('its code requests an unfinished upload with its ETag', async () => {
    const user = `patient reader of ${name}`;
    const { waitForUpload, statuses } = await importFor(user);
    const setFaults = (init: RequestInit) => fetch(`${run.vod.url}/local/faults`, init);
    await setFaults({ method: 'PUT', body: '{"visibleAfterMs":3000}' });
    try {
      expect(await waitForUpload(upload(user))).toMatchObject({ status: 'ready' });
    } finally {
      await setFaults({ method: 'DELETE' });
    }
    expect(statuses).toContain(304);
  });

  test('its code reads a list of several pages', async () => {
    const user = `busy reader of ${name}`;
    const { listUploads, waitForUpload } = await importFor(user);
    const ids = Array.from({ length: 21 }, () => upload(user));
    await Promise.all(ids.map(waitForUpload));
    const first = await listUploads();
    const second = await listUploads(first.cursor);
    expect(second.cursor).toBeUndefined();
    expect([...first.uploads, ...second.uploads].map(({ fileId }) => fileId).sort()).toEqual(ids.sort());
  });
});

describe.each(['docs/playback.md', 'docs/playback.zh-CN.md'])('%s', (name) => {
  interface Snippet {
    readonly playbackOf: (upload: object) => { psign: string; url: string; appId: number; fileId: string };
    readonly previewOf: (upload: { url: string }) => string;
  }

  test('its code signs what the local VOD accepts', async () => {
    const response = await fetch(`${run.url}/local/playback-keys`);
    const { playerKey, urlKey } = (await response.json()) as { playerKey: string; urlKey: string };
    const { playbackOf, previewOf } = await importSnippet<Snippet>(
      blockWith(name, 'function playbackOf'),
      { process: { env: { PLAYER_KEY: playerKey, URL_KEY: urlKey } } },
      'ts',
    );
    const fileId = upload(`server of ${name}`);
    const url = await urlOf(fileId);
    const playback = playbackOf({ fileId, url });
    // The file has no bytes, so a URL that is accepted ends with 404.
    expect((await fetch(url)).status).toBe(403);
    expect((await fetch(playback.url)).status).toBe(404);
    expect((await fetch(previewOf({ url }))).status).toBe(404);
    const address = `${run.vod.url}/playvideo.qcloud.com/getplayinfo/v4/${playback.appId}/${fileId}`;
    expect(await (await fetch(`${address}?psign=${playback.psign}`)).json()).toMatchObject({ code: 0 });
  });
});
