import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { APP_ID } from '../../../local/vod/state';
import type { Copy, Run, Template } from '../../support/deploy/packaged';
import { differences, orphans, stackOf } from './account';
import { stackProblems, type EventMode, type Stage } from './deployed-stack';
import type { Emulator } from './emulator';
import { note, print } from './report';

/** Not those of .env.example, which prod refuses. */
const CALLER = {
  JWT_ISSUER: 'https://id.example.net/',
  JWT_AUDIENCE: 'web,ios',
  CORS_ORIGINS: 'https://www.example.com',
};

/** The deploys that are pushed events have every optional feature, the others none. */
const FEATURES: Readonly<Record<EventMode, Readonly<Record<string, string>>>> = {
  push: {
    NOTIFY_URL: 'https://app.example.com/webhooks/vod',
    ALLOW_DELETE: 'true',
    VOD_WRITE_KEY_PARAMETER: '/vod/write-key',
    PLAYER_KEY_PARAMETER: '/vod/player-key',
    URL_KEY_PARAMETER: '/vod/url-key',
    PLAYBACK_APP_ID: String(APP_ID),
    MAX_BYTES: '1073741824',
    MAX_SECONDS: '600',
    ALLOWED_CATEGORIES: 'Video,Audio',
    UPLOADS_PER_DAY: '100',
    REJECT_ACTION: 'forbid',
  },
  pull: {},
};

/** A copy of the project that deploys one stage. */
export class RehearsedStage {
  readonly name: string;

  constructor(
    readonly stage: Stage,
    readonly copy: Copy,
    private readonly emulator: Emulator,
  ) {
    this.name = `vod-client-upload-${stage}`;
  }

  /** Runs the framework, and returns how it ended. */
  attempt(command: string, mode: EventMode = 'push'): Promise<Run> {
    return this.copy.serverless([...command.split(' '), '--stage', this.stage], {
      ...this.emulator.env,
      ...CALLER,
      EVENT_MODE: mode,
      ...FEATURES[mode],
    });
  }

  /** @throws Error with what the framework printed when it fails */
  async serverless(command: string, mode?: EventMode): Promise<string> {
    const { code, stdout } = await this.attempt(command, mode);
    if (code !== 0) throw new Error(`Cannot ${command} ${this.stage}: serverless printed\n${stdout}`);
    return stdout;
  }

  /**
   * First deploys of the template of version 1: two that fail, each at another resource, then one that does not. From it the
   * next deploy is an update.
   */
  async deployVersion1(mode: EventMode): Promise<void> {
    const file = join(this.copy.directory, 'serverless.yml');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('-uploads-2', '-uploads'));
    await this.#failFirstDeploy(mode, 'HttpApiAuthorizerAppUsers');
    await this.#failFirstDeploy(mode, 'MassDeletionAlarm');
    await this.#deploy(mode);
    await writeFile(file, text);
  }

  /** Deploys, deploys in the other mode, rolls back to the package before. */
  async rehearse(first: EventMode, other: EventMode): Promise<void> {
    const before = await this.#deploy(first);
    await this.#inspect('deployed', before, first);
    await this.#inspect('updated', await this.#deploy(other), other);
    const timestamps = (await this.serverless('deploy list', other)).match(/(?<=Timestamp: )\d+/g) ?? [];
    await this.serverless(`rollback --timestamp ${timestamps.at(-2) ?? 'none'}`, other);
    print(`${this.stage}: rolled back to the package for ${first}`);
    await this.#inspect('rolled back', before, first);
  }

  async #deploy(mode: EventMode): Promise<Template> {
    await this.serverless('deploy', mode);
    const template = await this.copy.template();
    const features = mode === 'push' ? 'every feature' : 'no feature';
    print(`${this.stage}: deployed for ${mode} with ${features}, ${Object.keys(template.Resources).length} resources`);
    return template;
  }

  /** A10: a first deploy that fails at a resource leaves nothing but the bucket, so that the next one begins anew. */
  async #failFirstDeploy(mode: EventMode, resource: string): Promise<void> {
    this.emulator.failResource(`${this.name} ${resource}`);
    const { code, stdout } = await this.attempt('deploy', mode);
    this.emulator.failResource('');
    const account = await this.emulator.read();
    const inStack = Object.keys(stackOf(account, this.name).Resources);
    // The other stage is being deployed meanwhile.
    const unowned = orphans(account).filter((id) => id.includes(this.name));
    note(`${this.stage}: A10: a first deploy that fails at ${resource}`, [
      ...(code !== 0 && stdout.includes(resource) ? [] : [`serverless did not fail at it: ${stdout}`]),
      ...inStack.filter((id) => !id.startsWith('ServerlessDeployment')).map((id) => `${id} is still in the stack`),
      ...unowned.map((id) => `left behind: ${id}`),
    ]);
    print(`${this.stage}: a first deploy failed at ${resource}, and left ${unowned.length} resources behind`);
  }

  /** Compares the account with the template, and checks what no template contains. */
  async #inspect(step: string, template: Template, mode: EventMode): Promise<void> {
    const account = await this.emulator.read();
    note(`${this.stage} ${step}`, [
      ...differences(account, this.name, template),
      ...stackProblems(account, this.name, { stage: this.stage, mode }),
    ]);
  }
}
