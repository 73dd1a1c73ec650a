import { isForThisMachine, listen, readBody, sendJson, type Listening } from '../server';

export interface ParameterStore extends Listening {
  readonly url: string;
  /** Value by name; what is changed here is what the next request reads. Those given are SecureStrings. */
  readonly parameters: Map<string, string>;
}

const MAX_BODY = 2 ** 20;
/** SSM's limit for names in one GetParameters. */
const MAX_NAMES = 10;
/** SSM's limit for a value, in characters. */
const MAX_VALUE = 4096;
const TYPES = ['String', 'SecureString'];

/**
 * SSM's GetParameter, GetParameters and PutParameter. Not checked: the caller's AWS signature. What is put is gone with
 * the store.
 */
export async function startParameterStore(given: Iterable<readonly [string, string]>): Promise<ParameterStore> {
  const parameters = new Map(given);
  /** Type and version of parameters that were written by PutParameter. */
  const kinds = new Map<string, { readonly type: string; readonly version: number }>();
  const kindOf = (name: string) => kinds.get(name) ?? { type: 'SecureString', version: 1 };

  function read(name: string, decrypted: boolean): object[] {
    const value = parameters.get(name);
    if (value === undefined) return [];
    const { type, version } = kindOf(name);
    const shown = decrypted || type !== 'SecureString' ? value : 'encrypted';
    return [{ Name: name, Type: type, Value: shown, Version: version, DataType: 'text' }];
  }

  /** Returns the new version, or the type of the error. */
  function put({ Name: name, Value: value, Type: type, Overwrite: overwrite }: ParameterRequest): number | string {
    if (typeof name !== 'string' || typeof value !== 'string') return 'ValidationException';
    const before = parameters.has(name) ? kindOf(name) : undefined;
    const known = TYPES.find((one) => one === (type ?? before?.type));
    if (value.length < 1 || value.length > MAX_VALUE || known === undefined) return 'ValidationException';
    if (before && overwrite !== true) return 'ParameterAlreadyExists';
    const version = (before?.version ?? 0) + 1;
    parameters.set(name, value);
    kinds.set(name, { type: known, version });
    return version;
  }

  const listening = await listen(async (request, response) => {
    const answer = (status: number, value: object) => {
      sendJson(response, status, value, 'application/x-amz-json-1.1');
    };
    const sendError = (type: string, message: string) => {
      answer(400, { __type: type, message });
    };

    const body = await readBody(request, MAX_BODY);
    if (!isForThisMachine(request)) {
      sendError('AccessDeniedException', 'The Host header must be localhost or 127.0.0.1');
      return;
    }
    const input = parse(body);
    switch (request.headers['x-amz-target']) {
      case 'AmazonSSM.GetParameter': {
        const [parameter] = read(String(input.Name), input.WithDecryption === true);
        if (parameter) answer(200, { Parameter: parameter });
        else sendError('ParameterNotFound', '');
        return;
      }
      case 'AmazonSSM.GetParameters': {
        const names = (Array.isArray(input.Names) ? input.Names : []).map(String);
        if (names.length < 1 || names.length > MAX_NAMES || new Set(names).size < names.length) {
          sendError('ValidationException', `GetParameters takes 1 to ${MAX_NAMES} names, each once`);
          return;
        }
        answer(200, {
          Parameters: names.flatMap((name) => read(name, input.WithDecryption === true)),
          InvalidParameters: names.filter((name) => !parameters.has(name)),
        });
        return;
      }
      case 'AmazonSSM.PutParameter': {
        const version = put(input);
        if (typeof version === 'number') answer(200, { Version: version, Tier: 'Standard' });
        else sendError(version, `PutParameter needs a name, a type and a value of 1 to ${MAX_VALUE} characters`);
        return;
      }
      case undefined:
      default:
        sendError('UnknownOperationException', 'Available: GetParameter, GetParameters, PutParameter');
    }
  });
  return { ...listening, url: `http://127.0.0.1:${listening.port}`, parameters };
}

interface ParameterRequest {
  readonly Name?: unknown;
  readonly Names?: unknown;
  readonly WithDecryption?: unknown;
  readonly Value?: unknown;
  readonly Type?: unknown;
  readonly Overwrite?: unknown;
}

function parse(body: Buffer | undefined): ParameterRequest {
  try {
    const value: unknown = JSON.parse(body?.toString() ?? '');
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
