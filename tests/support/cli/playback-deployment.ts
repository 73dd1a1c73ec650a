import { rm } from 'node:fs/promises';
import { tableOf } from '../../../local/config';
import { cloudFormation } from './cli';
import { serve } from '../serve';
import { startTestRun, temporaryFolder, type TestRun } from '../local';
import { PLAYER_KEY, URL_KEY } from '../playback';

export const APP_ID = 1_500_000_001;

export interface PlaybackDeployment {
  readonly run: TestRun;
  readonly dataDir: string;
  readonly tableName: string;
  /** The environment of `npm run vod`, as new. */
  readonly newEnv: () => Record<string, string>;
  /** Changes a key in SSM; `undefined` deletes it. */
  readonly store: (name: 'player' | 'url', value: string | undefined) => void;
  readonly expectNoSecretIn: (out: string) => void;
  readonly stop: () => Promise<void>;
}

/** A deployment on AWS whose parts are those of a local run, with keys for playback of its own. */
export async function startPlaybackDeployment(): Promise<PlaybackDeployment> {
  const before = { ...process.env };
  const dataDir = await temporaryFolder();
  const run = await startTestRun({ dataDir });
  const tableName = tableOf(run.config).TableName ?? '';
  const outputs = {
    VodEventsUrl: `${run.url}/vod-events`,
    UploadsTableName: tableName,
    UploadsTableStreamArn: 'arn:aws:dynamodb:x:1:table/t/stream/1',
  };
  const stack = await serve(cloudFormation(() => 'vod-client-upload-dev', outputs));
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_SSM: run.parameterStore.url,
    AWS_ENDPOINT_URL_DYNAMODB: run.table.url,
    AWS_ENDPOINT_URL_CLOUDFORMATION: stack.url,
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
  });

  function store(name: 'player' | 'url', value: string | undefined): void {
    const { parameters } = run.parameterStore;
    if (value === undefined) parameters.delete(`/test/${name}`);
    else parameters.set(`/test/${name}`, value);
  }

  return {
    run,
    dataDir,
    tableName,
    store,
    newEnv: () => {
      store('player', PLAYER_KEY);
      store('url', URL_KEY);
      return {
        VOD_API_URL: run.vod.url,
        VOD_SUB_APP_ID: String(APP_ID),
        VOD_KEY_PARAMETER: '/local/vod-key',
        SEAL_KEY_PARAMETER: '/local/seal-key',
        CALLBACK_TOKEN_PARAMETER: '/local/callback-token',
        PLAYER_KEY_PARAMETER: '/test/player',
        URL_KEY_PARAMETER: '/test/url',
      };
    },
    expectNoSecretIn: (out) => {
      for (const secret of [PLAYER_KEY, URL_KEY, run.secrets.vodSecretKey]) expect(out).not.toContain(secret);
    },
    stop: async () => {
      process.env = before;
      await stack.close();
      await run.stop();
      await rm(dataDir, { recursive: true });
    },
  };
}
