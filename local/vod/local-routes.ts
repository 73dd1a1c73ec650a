import { isCrossOrigin, isForThisMachine } from '../network/callers';
import { handleFaults, type FaultInjector } from './faults';
import { jsonObject, readBody, replyJson, type Call } from './http';
import type { Library } from './library';
import { LocalError } from './local-error';
import type { Notifications } from './notifications';
import type { ProcedureTemplate } from './procedure-templates';
import type { Procedures } from './procedures';
import { seed } from './seed';
import type { State } from './state';

export const LOCAL_PATH = '/local/';

const MAX_SEED_MIB = 8;

interface LocalDeps {
  readonly faults: FaultInjector;
  readonly library: Library;
  readonly procedures: Procedures;
  readonly notifications: Notifications;
  readonly templates: ReadonlyMap<string, ProcedureTemplate>;
  readonly state: State;
  readonly reset: () => void;
  readonly now: () => number;
  readonly log: (line: string) => void;
}

/** The routes that the real VOD does not have, by path. */
const ROUTES: Readonly<Record<string, (call: Call, deps: LocalDeps) => void | Promise<void>>> = {
  '/local/faults': (call, { faults }) => handleFaults(call, faults),
  '/local/review': handleReview,
  '/local/reset': handleReset,
  '/local/seed': handleSeed,
};

export async function handleLocalRoute(call: Call, deps: LocalDeps): Promise<void> {
  try {
    if (!isForThisMachine(call.request) || isCrossOrigin(call.request)) {
      const rule = 'must have Host localhost or 127.0.0.1, and no Origin of another site or port';
      throw new LocalError(403, `Requests to ${LOCAL_PATH}* ${rule}`);
    }
    const route = Object.hasOwn(ROUTES, call.path) ? ROUTES[call.path] : undefined;
    if (!route) throw new LocalError(404, `Not Found: the path must be one of: ${Object.keys(ROUTES).join(', ')}`);
    await route(call, deps);
  } catch (error) {
    if (!(error instanceof LocalError)) throw error;
    deps.log(`${call.method} ${call.path}: ${error.status}: ${error.message}`);
    replyJson(call.response, error.status, { message: error.message });
  }
}

/** Records the decision of a person, as VOD's console does: ReviewInfo changes, and no event is sent. */
async function handleReview(call: Call, { state, library }: LocalDeps): Promise<void> {
  requirePost(call);
  const { fileId, suggestion } = jsonObject(await readBody(call.request)) ?? {};
  if (typeof fileId !== 'string' || (suggestion !== 'pass' && suggestion !== 'block')) {
    throw new LocalError(400, 'The body must be {"fileId": "<id>", "suggestion": "pass" or "block"}');
  }
  const media = state.media.get(fileId);
  if (!media) throw new LocalError(404, `There is no file ${JSON.stringify(fileId)}`);
  library.setReview(fileId, { suggestion, types: suggestion === 'pass' ? [] : (media.review?.types ?? []) });
  replyJson(call.response, 200, { fileId, suggestion });
}

/** Removes all files, uploads, tasks and events; the event configuration and the faults become those of the start. */
async function handleReset(call: Call, { reset, log }: LocalDeps): Promise<void> {
  requirePost(call);
  await readBody(call.request);
  reset();
  log('reset: all files, uploads, tasks and events are removed');
  replyJson(call.response, 200, {});
}

async function handleSeed(call: Call, deps: LocalDeps): Promise<void> {
  requirePost(call);
  const bytes = await readBody(call.request, MAX_SEED_MIB * 1024 * 1024);
  if (!bytes) throw new LocalError(400, `The body must have at most ${MAX_SEED_MIB} MiB`);
  replyJson(call.response, 200, seed(jsonObject(bytes), deps));
}

function requirePost({ method }: Call): void {
  if (method !== 'POST') throw new LocalError(405, `The method must be POST, not ${method}`);
}
