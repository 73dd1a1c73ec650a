import type { IncomingMessage, ServerResponse } from 'node:http';
import { COVER, EVENTS, FAULTS, NOTIFY, VOD, WEBHOOKS } from './local-access';
import { parseObject, sendJson, sendMessage } from './server';
import { FORGERIES, type Forgery } from './vod/callback-log';
import { FAULT_RULES, type Faults } from './vod/faults';
import { findViolation } from './vod/rules';
import type { Vod } from './vod/server';
import type { Webhooks } from './webhooks/webhooks';

export interface InspectionOptions {
  readonly vod: Pick<Vod, 'callbackLog' | 'repeatCallback' | 'inspect' | 'setFaults' | 'coverPath'>;
  /** Absent if no webhooks are sent. */
  readonly webhooks: Webhooks | undefined;
  /** The URL of the local VOD for the browser that sent the request. */
  readonly vodUrl: (request: IncomingMessage) => string;
}

/** One request for these routes. */
interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: Buffer;
}

type Handler = (call: Call, id: string) => void | Promise<void>;

interface Route {
  readonly method: string;
  /** Its first group is the id. */
  readonly path: RegExp;
  readonly handle: Handler;
}

/**
 * The routes by which the page reads and changes callbacks, webhooks and the local VOD. The returned function resolves
 * to false if a request is for none of them.
 */
export function inspectionRoutes(options: InspectionOptions) {
  const routes = [...eventRoutes(options), ...webhookRoutes(options), ...vodRoutes(options)];
  return async (call: Call): Promise<boolean> => {
    const { method, url = '' } = call.request;
    const [pathname = ''] = url.split('?');
    for (const { method: expected, path, handle } of routes) {
      const match = method === expected ? path.exec(pathname) : null;
      if (!match) continue;
      await handle(call, match[1] ?? '');
      return true;
    }
    return false;
  };
}

function eventRoutes({ vod }: InspectionOptions): Route[] {
  return [
    route('GET', EVENTS, ({ request, response }) => {
      const { events } = vod.inspect();
      sendJson(response, 200, { ...vod.callbackLog.read(cursorOf(request)), ...events });
    }),
    route('POST', `${EVENTS}/(\\d+)/send`, async ({ response, body }, id) => {
      const { forgery } = parseObject(body) ?? {};
      if (forgery !== undefined && !isForgery(forgery)) {
        sendMessage(response, 400, `"forgery" must be one of: ${FORGERIES.join(', ')}, or absent`);
        return;
      }
      const record = await vod.repeatCallback(Number(id), forgery);
      if (record) sendJson(response, 200, record);
      else sendMessage(response, 404, `There is no callback ${id}, or VOD has no callback URL`);
    }),
  ];
}

function webhookRoutes({ webhooks }: InspectionOptions): Route[] {
  if (!webhooks) return [];
  return [
    route('POST', NOTIFY, ({ request, response, body }) => webhooks.forward(request, response, body)),
    route('GET', WEBHOOKS, ({ request, response }) => {
      sendJson(response, 200, webhooks.read(cursorOf(request)));
    }),
    route('POST', `${WEBHOOKS}/(\\d+)/retry`, ({ response }, id) => {
      if (webhooks.retry(Number(id))) sendJson(response, 202, {});
      else sendMessage(response, 404, `There is no webhook ${id}`);
    }),
  ];
}

function vodRoutes({ vod, vodUrl }: InspectionOptions): Route[] {
  return [
    route('GET', VOD, ({ response }) => {
      sendJson(response, 200, vod.inspect());
    }),
    route('PUT', FAULTS, ({ response, body }) => {
      const faults: Partial<Faults> | undefined = parseObject(body);
      const violation = findViolation(faults, FAULT_RULES);
      if (violation === undefined) sendJson(response, 200, vod.setFaults(faults ?? {}));
      else sendMessage(response, 400, violation);
    }),
    route('DELETE', FAULTS, ({ response }) => {
      sendJson(response, 200, vod.setFaults(undefined));
    }),
    route('GET', `${COVER}(\\d+)`, ({ request, response }, fileId) => {
      const path = vod.coverPath(fileId);
      if (path === undefined) sendMessage(response, 404, 'This file has no cover');
      else response.writeHead(302, { location: vodUrl(request) + path, 'cache-control': 'no-store' }).end();
    }),
  ];
}

function route(method: string, path: string, handle: Handler): Route {
  return { method, path: new RegExp(`^${path}$`), handle };
}

function cursorOf({ url = '' }: IncomingMessage): string {
  return new URLSearchParams(url.split('?')[1]).get('cursor') ?? '';
}

function isForgery(value: unknown): value is Forgery {
  return FORGERIES.some((forgery) => forgery === value);
}
