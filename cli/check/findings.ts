import type { Deployment } from '../deployment/deployment';
import { inOneLine } from '../terminal/printable';

/** Everything that is checked, in the order in which it is printed. */
const CHECKS = [
  'stack',
  'vod-key-secret',
  'vod-api-key-secret',
  'seal-key-secret',
  'callback-token-secret',
  'sign-key-secret',
  'notify-secret',
  'player-key-secret',
  'url-key-secret',
  'write-key-secret',
  'vod-api',
  'clock',
  'vod-key',
  'vod-api-key',
  'sub-application',
  'mode',
  'callback-url',
  'callback-token',
  'upload-switch',
  'delete-switch',
  'sign-key',
  'drift',
  'webhook',
  'webhook-token',
  'reconcile',
  'notify-url',
  'notify-dead-letters',
  'player-key',
  'url-key',
  'playback-keys',
  'playback-content',
  'table',
  'table-stream',
  'table-indexes',
  'table-ttl',
  'table-backups',
  'table-protection',
] as const;

export type Check = (typeof CHECKS)[number];

export interface Finding {
  readonly check: Check;
  readonly status: 'ok' | 'fault' | 'not-checked';
  /** One line; of a fault: what is wrong, and what to do. */
  readonly detail: string;
}

/** Collects one finding for each check. */
export class Findings {
  readonly #all = new Map<Check, Finding>();
  readonly #options: string;

  constructor({ options }: Pick<Deployment, 'options'>) {
    this.#options = options;
  }

  ok(check: Check, detail: string): void {
    this.#set(check, 'ok', detail);
  }

  fault(check: Check, detail: string): void {
    this.#set(check, 'fault', detail);
  }

  /** A command in the detail gets the deployment's options: copied without them it would act on stage dev. */
  #set(check: Check, status: Finding['status'], detail: string): void {
    const whole = inOneLine(detail).replace(/`npm run vod -- [^`]+/g, (command) => `${command} ${this.#options}`);
    this.#all.set(check, { check, status, detail: whole });
  }

  /** For those of the checks that have no finding yet. */
  notChecked(checks: readonly Check[], reason: string): void {
    for (const check of checks) {
      if (!this.#all.has(check)) this.#set(check, 'not-checked', reason);
    }
  }

  isFault(check: Check): boolean {
    return this.#all.get(check)?.status === 'fault';
  }

  inOrder(): Finding[] {
    return CHECKS.flatMap((check) => this.#all.get(check) ?? []);
  }
}
