import { describe } from '../../lib/platform/log';
import { inOneLine } from '../terminal/printable';
import { codeOf } from './client';
import { vodRefusal } from './refusal';

export interface VodCall {
  /** For example `ModifyEventConfig`. */
  readonly action: string;
  /** The name of the SSM parameter with the key pair. */
  readonly keyName: string;
  readonly vodSubAppId: number | undefined;
}

/** Returns the meaning of an error of a VOD call, and what to do about it, in one line. */
export function explainVod(error: unknown, { action, keyName, vodSubAppId }: VodCall): string {
  const { kind, code } = vodRefusal(error);
  const reason = inOneLine(describe(error).reason);
  const detail = reason === '' || reason === code ? code : `${code}: ${reason}`;
  switch (kind) {
    case 'unknown-key':
      return `VOD does not know the secretId of ${keyName}: store an enabled key pair of this account (${detail})`;
    case 'wrong-key':
      return `the secretKey of ${keyName} does not belong to its secretId: store both values of the same key pair (${detail})`;
    case 'temporary-key':
      return `${keyName} contains a temporary key, which cannot sign uploads: store a permanent key pair (${detail})`;
    case 'clock':
      return `this machine's clock is wrong: set it (${detail})`;
    case 'not-activated':
      return `VOD is not activated for the account of the key in ${keyName}: activate it in the console, or correct VOD_SUB_APP_ID (${detail})`;
    case 'account':
      return `VOD refuses the account of the key in ${keyName}: look for overdue payment, suspension or missing verification in its console (${detail})`;
    case 'application':
      return vodSubAppId === undefined
        ? `VOD_SUB_APP_ID is missing, and accounts opened since 2023-12-25 must name their application: set it and deploy again (${detail})`
        : `VOD_SUB_APP_ID ${vodSubAppId} is not an application of the account of the key in ${keyName}: correct one of them (${detail})`;
    case 'denied':
      return `the CAM policy of the key in ${keyName} lacks vod:${action}: add it (${detail})`;
    case 'transient':
      return codeOf(error) === undefined
        ? `VOD does not respond (${detail}): check the network, VOD_API_URL, and the proxy if you need one`
        : `VOD is busy: run this again (${detail})`;
    case 'other':
      return `VOD refuses ${action} (${detail})`;
  }
}
