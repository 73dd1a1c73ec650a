import { defaultsOf } from '../../../deploy/parameter-list';

interface Parameters {
  readonly problem: string;
  readonly notDeployed: readonly string[];
  readonly uploadSignatureHandler: string;
  readonly routeSettings: Readonly<Record<string, object>>;
  readonly limitedRoutes: readonly string[];
}

const check = jest.requireActual<
  (source: { resolveVariable: (address: string) => Promise<string> }) => Promise<Parameters>
>('../../../deploy/parameters.js');

const CALLER = { JWT_ISSUER: 'https://login.example.com/', JWT_AUDIENCE: 'my-app' };
const CALLER_OF_PROD = { JWT_ISSUER: 'https://id.example.net/pool', JWT_AUDIENCE: 'web' };

/** The result of deploy/parameters.js for valid parameters with these changes. */
export function parameters(
  stage: string,
  changed: Readonly<Record<string, string>>,
  region = 'ap-southeast-1',
): Promise<Parameters> {
  const values: Readonly<Record<string, string>> = {
    ...defaultsOf(stage),
    ...(stage === 'prod' ? CALLER_OF_PROD : CALLER),
    VOD_KEY_PARAMETER: '/k',
    SEAL_KEY_PARAMETER: '/s',
    CALLBACK_TOKEN_PARAMETER: '/t',
    NOTIFY_SECRET_PARAMETER: '/n',
    ...changed,
  };
  const others: Readonly<Record<string, string>> = {
    'sls:stage': stage,
    'self:custom.region': region,
    'self:custom.tableName': 'table',
  };
  const resolveVariable = (address: string) => {
    const value = others[address] ?? values[address.replace('param:', '')];
    return value === undefined ? Promise.reject(new Error(`Cannot resolve ${address}`)) : Promise.resolve(value);
  };
  return check({ resolveVariable });
}

/** The message about valid parameters with these changes; '' for none. */
export async function problem(
  stage: string,
  changed: Readonly<Record<string, string>>,
  region?: string,
): Promise<string> {
  return (await parameters(stage, changed, region)).problem;
}
