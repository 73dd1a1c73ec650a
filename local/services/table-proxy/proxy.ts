import type { ServerResponse } from 'node:http';
import { isFromLocalProgram } from '../../network/callers';
import { listen, readBody, type Listening } from '../../server';
import { executeStreamAction } from '../stream/actions';
import { DynamoDbError } from '../stream/errors';
import type { StreamLog } from '../stream/log';
import { engineClient, EngineUnavailable, TARGET, type EngineAddress, type EngineResponse } from './engine';
import { executeTableOperation, isTableOperation } from './tables';
import { isStatement, isWrite, recordedWrites, refuseUnrecordedWrite } from './writes';

const MAX_BODY = 16 * 2 ** 20;
const STREAMS_TARGET = 'DynamoDBStreams_20120810.';

export interface TableProxyOptions {
  /** 0 takes a free one. */
  readonly port: number;
  readonly engineAddress: EngineAddress;
  readonly log: StreamLog;
}

/**
 * A proxy in front of the engine: records the table's stream, and refuses foreign Hosts and origins, which the engines do not
 * check. dynalite has no streams; dynoxide scans every record of its stream for each write, and never removes one.
 *
 * @throws StartupError when the port is taken
 */
export async function startTableProxy({ port, engineAddress, log }: TableProxyOptions): Promise<Listening> {
  const engine = engineClient(engineAddress);
  const write = recordedWrites(engine, log);
  for (const { id, tableName, key } of log.pendingWrites) log.complete(id, await engine.getItem(tableName, key));

  async function execute(target: string, body: string): Promise<EngineResponse> {
    if (target.startsWith(STREAMS_TARGET)) {
      const output = executeStreamAction(log, target.slice(STREAMS_TARGET.length), parseObject(body), Date.now());
      return { status: 200, text: JSON.stringify(output) };
    }
    const operation = target.startsWith(TARGET) ? target.slice(TARGET.length) : '';
    if (isTableOperation(operation)) return executeTableOperation(engine, log, operation, parseObject(body));
    if (isWrite(operation)) return write(operation, parseObject(body), body);
    if (isStatement(operation)) refuseUnrecordedWrite(body);
    return engine.send(target, body);
  }

  return listen(
    async (request, response) => {
      const body = (await readBody(request, MAX_BODY))?.toString() ?? '';
      const target = request.headers['x-amz-target'];
      if (!isFromLocalProgram(request)) {
        send(response, refusal('AccessDeniedException', 'The table is for programs of this machine only', 403));
        return;
      }
      try {
        send(response, await execute(typeof target === 'string' ? target : '', body));
      } catch (error) {
        if (error instanceof DynamoDbError) send(response, refusal(error.type, error.message));
        else if (error instanceof EngineUnavailable)
          response.destroy(); // as without the proxy
        else throw error;
      }
    },
    port,
    'TABLE_PORT',
  );
}

function send(response: ServerResponse, { status, text }: EngineResponse): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(text);
}

function refusal(type: string, message: string, status = 400): EngineResponse {
  return { status, text: JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message }) };
}

/** Empty for what the engine refuses. */
function parseObject(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    return {};
  }
}
