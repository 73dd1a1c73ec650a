import { request } from 'node:http';
import { listen, readBody } from '../../local/server';
import { onceDone } from './vod/vod-client';

/** Requests from the local VOD, or from another one at this port. */
export type Pass = (vodPort?: number) => Promise<object>;

/** Returns the whole body of the response of VOD's server API to one call. */
export type Respond = (action: string, pass: Pass, parameters: object) => object | Promise<object>;

export const refusal = (Code: string) => ({
  Response: { Error: { Code, Message: 'refused' }, RequestId: 'request-1' },
});
export const vodResponse = (members: object = {}) => ({ Response: { ...members, RequestId: 'request-1' } });

/** Stands between a client of the server API and the local VOD. It ends with the test. */
export async function relay(vodPort: number, respond: Respond) {
  const actions: string[] = [];
  const { port, close } = await listen(async (incoming, response) => {
    const body = (await readBody(incoming, 2 ** 20)) ?? Buffer.alloc(0);
    const action = String(incoming.headers['x-tc-action']);
    actions.push(action);
    const pass: Pass = (port = vodPort) =>
      new Promise((resolve, reject) => {
        const { headers } = incoming;
        const options = { host: '127.0.0.1', port, method: 'POST', path: incoming.url, headers, agent: false };
        const outgoing = request(options, (incomingResponse) => {
          readBody(incomingResponse, 2 ** 20).then((bytes) => {
            resolve(JSON.parse(String(bytes)) as object);
          }, reject);
        });
        outgoing.on('error', reject);
        outgoing.end(body);
      });
    const result = await respond(action, pass, JSON.parse(body.toString()) as object);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(result));
  });
  onceDone(close);
  /** The actions that were called so far. */
  return { url: `http://127.0.0.1:${port}`, actions };
}

/** Responses of DescribeMediaInfos in which each file is changed; all others as the local VOD gives them. */
export function changingMedia(change: (info: Readonly<Record<string, unknown>>) => object): Respond {
  return async (action, pass) => {
    const result = (await pass()) as { Response: { MediaInfoSet?: readonly Record<string, unknown>[] } };
    if (action !== 'DescribeMediaInfos') return result;
    return { Response: { ...result.Response, MediaInfoSet: result.Response.MediaInfoSet?.map(change) } };
  };
}

/** As {@link changingMedia}, with some of each file's BasicInfo replaced. */
export function changingBasicInfo(changed: object): Respond {
  return changingMedia((info) => ({ ...info, BasicInfo: { ...(info['BasicInfo'] as object), ...changed } }));
}
