import { GetItemCommand, type AttributeValue } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { signPlayback } from '../../lib/playback/playback';
import type { Row } from '../../lib/uploads/row';
import { rowOf } from '../../lib/uploads/store';
import { viewUpload } from '../../lib/uploads/view';
import { defineCommand } from '../command-line/command';
import type { Deployment } from '../deployment/deployment';
import { findDeployment } from '../deployment/find-deployment';
import { secretsOf } from '../deployment/secrets';
import { describeExpiry } from '../playback/show';
import { explainAws } from '../refusals';

export const play = defineCommand({
  name: 'play',
  summary: 'print a player signature (psign) and a signed URL of a file',
  description: `
    Prints what GET /uploads/{fileId}/playback returns to the file's uploader: a psign for the vendor's player SDKs, where
    the deployment has PLAYER_KEY_PARAMETER, and a URL for any player, where it has URL_KEY_PARAMETER. The file must be
    ready. The output lets anyone play the file until it expires.`,
  args: { fileId: { description: 'the id of a file that has a row in the table' } },
  options: {
    'any-status': {
      description: `also sign for a file that is not ready, so that an operator can see what a review held or rejected, or
        why a procedure failed. VOD itself does not play a file that it forbids`,
    },
    json: { description: 'print {"appId", "fileId", "psign", "url", "expireTime"}' },
  },

  run: async ({ options, args: { fileId } }, context) => {
    const deployment = await findDeployment(options, context);
    const keys = await readKeys(deployment);
    const { appId, content, seconds } = deployment.playback;
    if (appId === undefined) {
      throw new Error('Cannot sign playback: the application id is unknown: set VOD_SUB_APP_ID or PLAYBACK_APP_ID');
    }
    const row = await readRow(deployment, fileId);
    if (row.status !== 'ready' && !options['any-status']) {
      throw new Error(
        `Cannot play ${fileId}: its status is "${row.status}", must be "ready" (--any-status signs it nevertheless)`,
      );
    }
    // The view has no URLs of other statuses, and none before the first confirmation: those may be forged.
    const view = viewUpload({ ...row, status: 'ready' });
    const nowSeconds = Math.floor(context.now() / 1000);
    const playback = signPlayback(view, { appId, content, seconds }, keys, nowSeconds);
    const { psign, url, expireTime } = playback;
    if (psign === undefined && url === undefined) {
      throw new Error(`Cannot play ${fileId}: the row has no URL of ${contentName(deployment)} that can be signed`);
    }
    if (options.json) {
      context.out(JSON.stringify(playback));
      return 0;
    }
    if (psign !== undefined) context.out(`psign    ${psign}`);
    if (url !== undefined) context.out(`url      ${url}`);
    context.out(`valid    ${describeExpiry(expireTime, nowSeconds)}`);
    return 0;
  },
});

function contentName({ playback: { content } }: Deployment): string {
  const { audioVideoType, definition } = content;
  return `PLAYBACK_CONTENT=${audioVideoType}${definition === undefined ? '' : ` with template ${definition}`}`;
}

async function readKeys(deployment: Deployment) {
  const { playerKey, urlKey } = deployment.parameters;
  if (playerKey === undefined && urlKey === undefined) {
    throw new Error(
      'Cannot sign playback: no playback key is configured: set PLAYER_KEY_PARAMETER or URL_KEY_PARAMETER and deploy',
    );
  }
  const { parseSecretVersions } = await secretsOf(deployment);
  return {
    ...(playerKey !== undefined && { playerKey: parseSecretVersions(playerKey)[0] }),
    ...(urlKey !== undefined && { urlKey: parseSecretVersions(urlKey)[0] }),
  };
}

async function readRow({ dynamodb, outputs }: Deployment, fileId: string): Promise<Row> {
  const { tableName } = await outputs();
  let item: Record<string, AttributeValue> | undefined;
  try {
    const input = { TableName: tableName, Key: marshall({ fileId }), ConsistentRead: true };
    ({ Item: item } = await dynamodb.send(new GetItemCommand(input)));
  } catch (error) {
    const reason = explainAws(error, { action: 'dynamodb:GetItem', resource: tableName });
    throw new Error(`Cannot read the row of ${fileId}: ${reason}`, { cause: error });
  }
  if (item) return rowOf(item);
  throw new Error(`Cannot play ${fileId}: the table ${tableName} has no row of this file id`);
}
