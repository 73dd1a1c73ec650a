import { isForThisMachine, listen, readBody, sendJson, type Listening } from './server';

export interface ParameterStore extends Listening {
  readonly url: string;
  /** Value by name; what is changed here is what the next request reads. */
  readonly parameters: Map<string, string>;
}

const MAX_BODY = 2 ** 20;
/** As SSM bounds it. */
const MAX_NAMES = 10;

/** SSM's GetParameter and GetParameters over SecureStrings. THEN what is not checked: the caller's AWS signature. */
export async function startParameterStore(given: Iterable<readonly [string, string]>): Promise<ParameterStore> {
  const parameters = new Map(given);

  function read(name: string, decrypted: boolean): object[] {
    const value = parameters.get(name);
    if (value === undefined) return [];
    return [{ Name: name, Type: 'SecureString', Value: decrypted ? value : 'encrypted', Version: 1, DataType: 'text' }];
  }

  const listening = await listen(async (request, response) => {
    const answer = (status: number, value: object) => {
      sendJson(response, status, value, 'application/x-amz-json-1.1');
    };
    const refuse = (type: string, message: string) => {
      answer(400, { __type: type, message });
    };

    const body = await readBody(request, MAX_BODY);
    if (!isForThisMachine(request)) {
      refuse('AccessDeniedException', 'Only this machine may read here');
      return;
    }
    const asked = parse(body);
    switch (request.headers['x-amz-target']) {
      case 'AmazonSSM.GetParameter': {
        const [parameter] = read(String(asked.Name), asked.WithDecryption === true);
        if (parameter) answer(200, { Parameter: parameter });
        else refuse('ParameterNotFound', '');
        return;
      }
      case 'AmazonSSM.GetParameters': {
        const names = (Array.isArray(asked.Names) ? asked.Names : []).map(String);
        if (names.length < 1 || names.length > MAX_NAMES || new Set(names).size < names.length) {
          refuse('ValidationException', `GetParameters takes 1 to ${MAX_NAMES} names, each once`);
          return;
        }
        answer(200, {
          Parameters: names.flatMap((name) => read(name, asked.WithDecryption === true)),
          InvalidParameters: names.filter((name) => !parameters.has(name)),
        });
        return;
      }
      case undefined:
      default:
        refuse('UnknownOperationException', 'The local parameter store knows GetParameter and GetParameters');
    }
  });
  return { ...listening, url: `http://127.0.0.1:${listening.port}`, parameters };
}

interface Asked {
  readonly Name?: unknown;
  readonly Names?: unknown;
  readonly WithDecryption?: unknown;
}

function parse(body: Buffer | undefined): Asked {
  try {
    const value: unknown = JSON.parse(body?.toString() ?? '');
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
