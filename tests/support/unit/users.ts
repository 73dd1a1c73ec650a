import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { readUploads } from '../../../lib/users/read-uploads';
import { deleteUpload } from '../../../lib/users/delete-upload';
import { playbackRoute } from '../../../lib/playback/route';
import { context, signRequest } from '../lambda';
import { memoryIndex } from './memory-store';
import type { Service } from './service';

export interface UserRequest {
  readonly fileId?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly ifNoneMatch?: string;
}

/** The routes for app users over a service in memory, called as API Gateway calls them. */
export function userRoutes({ store, vod, clock, lines }: Service, showsUrls = true) {
  const deps = {
    store,
    showsUrls,
    now: clock.now,
    log: (fields: Readonly<Record<string, unknown>>) => lines.push(fields),
  };
  const read = readUploads({ ...deps, index: memoryIndex(store) });
  const remove = deleteUpload({ ...deps, vod: () => vod.api });
  const play = playbackRoute({
    ...deps,
    config: { appId: 1500000001, seconds: 3600, content: { audioVideoType: 'Original' } },
    keys: () => Promise.resolve({ playerKey: 'player key', urlKey: 'urlkey01' }),
  });
  const call =
    (handler: typeof read) =>
    async (caller: string, { fileId, query, ifNoneMatch }: UserRequest = {}) => {
      const event = signRequest(undefined, { sub: caller });
      const result: APIGatewayProxyStructuredResultV2 = await handler(
        {
          ...event,
          ...(fileId !== undefined && { pathParameters: { fileId } }),
          ...(query && { queryStringParameters: query }),
          headers: { ...event.headers, ...(ifNoneMatch !== undefined && { 'if-none-match': ifNoneMatch }) },
        },
        context(),
      );
      const body = result.body === undefined ? undefined : (JSON.parse(result.body) as Record<string, unknown>);
      return { status: result.statusCode, headers: result.headers ?? {}, body };
    };
  return { read: call(read), remove: call(remove), play: call(play) };
}
