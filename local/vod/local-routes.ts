import { isCrossOrigin, isForThisMachine } from '../network/callers';
import { handleFaults, type FaultInjector } from './faults';
import { jsonObject, readBody, replyJson, type Call } from './http';
import type { Library } from './library';
import type { State } from './state';

export const LOCAL_PATH = '/local/';

interface LocalDeps {
  readonly faults: FaultInjector;
  readonly library: Library;
  readonly state: State;
}

/** The routes that the real VOD does not have. */
export async function handleLocalRoute(call: Call, deps: LocalDeps): Promise<void> {
  if (!isForThisMachine(call.request) || isCrossOrigin(call.request)) {
    replyJson(call.response, 403, {
      message: `Requests to ${LOCAL_PATH}* must have Host localhost or 127.0.0.1, and no Origin of another site or port`,
    });
    return;
  }
  switch (call.path) {
    case '/local/faults':
      return handleFaults(call, deps.faults);
    case '/local/review':
      return handleReview(call, deps);
    default:
      replyJson(call.response, 404, { message: 'Not Found' });
  }
}

/** Records the decision of a person, as VOD's console does: ReviewInfo changes, and no event is sent. */
async function handleReview(call: Call, { state, library }: LocalDeps): Promise<void> {
  if (call.method !== 'POST') {
    replyJson(call.response, 405, { message: 'Send a POST request' });
    return;
  }
  const { fileId, suggestion } = jsonObject(await readBody(call.request)) ?? {};
  if (typeof fileId !== 'string' || (suggestion !== 'pass' && suggestion !== 'block')) {
    const message = 'The body must be {"fileId": "<id>", "suggestion": "pass" or "block"}';
    replyJson(call.response, 400, { message });
    return;
  }
  const media = state.media.get(fileId);
  if (!media) {
    replyJson(call.response, 404, { message: `There is no file ${JSON.stringify(fileId)}` });
    return;
  }
  library.setReview(fileId, { suggestion, types: suggestion === 'pass' ? [] : (media.review?.types ?? []) });
  replyJson(call.response, 200, { fileId, suggestion });
}
