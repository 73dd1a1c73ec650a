import { isFromLocalProgram } from '../network/callers';
import { listen, readBody, sendJson, type Listening } from '../server';

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

const CONTENT_TYPE = 'application/x-amz-json-1.1';

interface Response {
  readonly status: number;
  readonly value: object;
}

/**
 * SSM's GetParameter, GetParameters and PutParameter. Not checked: the caller's AWS signature. Stored values are lost
 * when the store closes.
 */
export async function startParameterStore(parameters: Iterable<readonly [string, string]>): Promise<ParameterStore> {
  const store = new Store(parameters);
  const listening = await listen(async (request, response) => {
    const body = await readBody(request, MAX_BODY);
    const { status, value } = isFromLocalProgram(request)
      ? store.execute(request.headers['x-amz-target'], parse(body))
      : refusal('AccessDeniedException', 'The parameter store is for programs of this machine only');
    sendJson(response, status, value, CONTENT_TYPE);
  });
  return { ...listening, url: `http://127.0.0.1:${listening.port}`, parameters: store.parameters };
}

class Store {
  readonly parameters: Map<string, string>;
  /** Type and version of parameters that were written by PutParameter. */
  readonly #kinds = new Map<string, { readonly type: string; readonly version: number }>();

  constructor(parameters: Iterable<readonly [string, string]>) {
    this.parameters = new Map(parameters);
  }

  execute(target: unknown, input: ParameterRequest): Response {
    switch (target) {
      case 'AmazonSSM.GetParameter': {
        const [parameter] = this.#read(String(input.Name), input.WithDecryption === true);
        return parameter ? { status: 200, value: { Parameter: parameter } } : refusal('ParameterNotFound', '');
      }
      case 'AmazonSSM.GetParameters':
        return this.#readMany(input);
      case 'AmazonSSM.PutParameter':
        return this.#put(input);
      default:
        return refusal('UnknownOperationException', 'Available: GetParameter, GetParameters, PutParameter');
    }
  }

  #kindOf(name: string): { readonly type: string; readonly version: number } {
    return this.#kinds.get(name) ?? { type: 'SecureString', version: 1 };
  }

  #read(name: string, decrypted: boolean): object[] {
    const value = this.parameters.get(name);
    if (value === undefined) return [];
    const { type, version } = this.#kindOf(name);
    const shown = decrypted || type !== 'SecureString' ? value : 'encrypted';
    return [{ Name: name, Type: type, Value: shown, Version: version, DataType: 'text' }];
  }

  #readMany(input: ParameterRequest): Response {
    const names = (Array.isArray(input.Names) ? input.Names : []).map(String);
    if (names.length < 1 || names.length > MAX_NAMES || new Set(names).size < names.length) {
      return refusal('ValidationException', `GetParameters takes 1 to ${MAX_NAMES} names, each once`);
    }
    const Parameters = names.flatMap((name) => this.#read(name, input.WithDecryption === true));
    const InvalidParameters = names.filter((name) => !this.parameters.has(name));
    return { status: 200, value: { Parameters, InvalidParameters } };
  }

  #put({ Name: name, Value: value, Type: type, Overwrite: overwrite }: ParameterRequest): Response {
    const rule = `PutParameter needs a name, a type and a value of 1 to ${MAX_VALUE} characters`;
    if (typeof name !== 'string' || typeof value !== 'string') return refusal('ValidationException', rule);
    const before = this.parameters.has(name) ? this.#kindOf(name) : undefined;
    const validType = TYPES.find((one) => one === (type ?? before?.type));
    if (value.length < 1 || value.length > MAX_VALUE || validType === undefined) {
      return refusal('ValidationException', rule);
    }
    if (before && overwrite !== true) return refusal('ParameterAlreadyExists', rule);
    const version = (before?.version ?? 0) + 1;
    this.parameters.set(name, value);
    this.#kinds.set(name, { type: validType, version });
    return { status: 200, value: { Version: version, Tier: 'Standard' } };
  }
}

function refusal(type: string, message: string): Response {
  return { status: 400, value: { __type: type, message } };
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
