import { randomUUID } from 'node:crypto';
import { jsonObject, readBody, replyJson, type Call } from '../http';
import type { Action, ApiDeps } from './deps';
import * as distribution from './distribution';
import { ApiError } from './error';
import * as events from './events';
import * as media from './media';
import { getInteger, invalidValue } from './parameters';
import { SearchMedia } from './search';
import * as tasks from './tasks';
import { verifyTc3 } from './tc3';

const VERSION = '2018-07-17';

/** The actions that exist here, each with its parameters. */
export const ACTIONS = {
  DescribeMediaInfos: media.DescribeMediaInfos,
  SearchMedia,
  DeleteMedia: media.DeleteMedia,
  ForbidMediaDistribution: media.ForbidMediaDistribution,
  ProcessMediaByProcedure: tasks.ProcessMediaByProcedure,
  DescribeTasks: tasks.DescribeTasks,
  DescribeTaskDetail: tasks.DescribeTaskDetail,
  PullEvents: events.PullEvents,
  ConfirmEvents: events.ConfirmEvents,
  DescribeEventConfig: events.DescribeEventConfig,
  ModifyEventConfig: events.ModifyEventConfig,
  DescribeVodDomains: distribution.DescribeVodDomains,
  DescribeDefaultDistributionConfig: distribution.DescribeDefaultDistributionConfig,
} satisfies Record<string, Action>;

export type ActionName = keyof typeof ACTIONS;

/** How many calls of each action arrived, refused calls included. */
export type CallCounts = Record<ActionName, number>;

/** The parts of the server API that the project needs, version 2018-07-17. The status is always 200. */
export class ServerApi {
  readonly #counts: CallCounts;

  constructor(private readonly deps: ApiDeps) {
    const zeros = Object.keys(ACTIONS).map((name) => [name, 0]);
    this.#counts = Object.fromEntries(zeros) as CallCounts; // has exactly the keys of ACTIONS
  }

  get counts(): Readonly<CallCounts> {
    return { ...this.#counts };
  }

  async handle(call: Call): Promise<void> {
    const RequestId = randomUUID();
    const action = call.request.headers['x-tc-action']?.toString() ?? '';
    if (isActionName(action)) this.#counts[action]++;
    try {
      replyJson(call.response, 200, { Response: { ...(await this.#run(call, action)), RequestId } });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.deps.log(`${action}: ${error.code}: ${error.message}`);
      replyJson(call.response, 200, { Response: { Error: { Code: error.code, Message: error.message }, RequestId } });
    }
  }

  async #run(call: Call, name: string): Promise<object> {
    const { keys, faults, now } = this.deps;
    const body = await readBody(call.request);
    if (!body) throw new ApiError('RequestSizeLimitExceeded', 'The request must have at most 1 MiB');
    if (call.method !== 'POST') {
      throw new ApiError('UnsupportedProtocol', `The local VOD supports the method POST only, not ${call.method}`);
    }
    verifyTc3(call, body, keys, now());
    if (call.request.headers['x-tc-version'] !== VERSION) {
      throw new ApiError('NoSuchVersion', `The local VOD supports version ${VERSION} only: set X-TC-Version`);
    }
    if (!isActionName(name)) {
      const available = Object.keys(ACTIONS).join(', ');
      throw new ApiError(
        'InvalidAction',
        `The local VOD does not support the action "${name}". Available: ${available}`,
      );
    }
    const action: Action = ACTIONS[name];
    const parameters = jsonObject(body);
    if (!parameters) throw new ApiError('InvalidParameter', 'The body must be a JSON object');
    this.#checkNames(action, parameters);
    if (faults.drawApiFailure()) throw new ApiError('InternalError', 'The fault "api" made this call fail');
    return action.run(this.deps, parameters);
  }

  #checkNames(action: Action, parameters: Record<string, unknown>): void {
    const names = [...action.parameters, 'SubAppId', 'ExtInfo'];
    const unknown = Object.keys(parameters).find((name) => !names.includes(name));
    if (unknown !== undefined) {
      const message = `The parameter \`${unknown}\` is not recognized by the local VOD: must be one of: ${names.join(', ')}`;
      throw new ApiError('UnknownParameter', message);
    }
    const subAppId = getInteger(parameters, 'SubAppId', 0);
    const { subAppIds } = this.deps;
    if (subAppIds && (subAppId === undefined || !subAppIds.includes(subAppId))) {
      throw invalidValue('SubAppId', `invalid subappid: must be one of: ${subAppIds.join(', ')}`);
    }
  }
}

function isActionName(name: string): name is ActionName {
  return Object.hasOwn(ACTIONS, name);
}
