import { isDeepStrictEqual } from 'node:util';
import type { Template } from '../../support/deploy/packaged';

type Properties = Readonly<Record<string, unknown>>;

/** The output of tests/deploy/rehearsal/read_account.py: by type and physical id, the properties as a template spells them. */
export type Account = Readonly<Record<string, Readonly<Record<string, Properties>>>>;

export interface Stack {
  readonly Arn: string;
  readonly Status: string;
  readonly Protected: boolean;
  readonly Outputs: Readonly<Record<string, string>>;
  /** Physical ids by logical id; some types have none. */
  readonly Resources: Readonly<Record<string, string | null>>;
}

/** Properties that no API of the emulator returns, or that are not settings of the resource. */
const NOT_READ: Readonly<Record<string, readonly string[]>> = {
  'AWS::Lambda::Function': ['Code', 'Architectures', 'LoggingConfig'],
  'AWS::Lambda::EventInvokeConfig': ['Qualifier', 'DestinationConfig'],
  'AWS::S3::Bucket': ['BucketEncryption', 'PublicAccessBlockConfiguration'],
};

/** Lists in which the order means nothing. */
const UNORDERED: Readonly<Record<string, readonly string[]>> = { 'AWS::IAM::Policy': ['Roles'] };

/** Stubs of tests/deploy/rehearsal/moto_types.py, which cannot be read. */
const STUBS = ['AWS::S3::BucketPolicy'];

/** @throws Error when the account has no such stack */
export function stackOf(account: Account, name: string): Stack {
  const stack = account['AWS::CloudFormation::Stack']?.[name];
  if (!stack) throw new Error(`Cannot read stack ${name}: the account has none of that name`);
  return stack as unknown as Stack;
}

/**
 * A message for each resource and property that is different in the account and in a stack's template. Tags are not
 * compared, and only properties that the template sets.
 */
export function differences(account: Account, stackName: string, { Resources }: Template): string[] {
  const stack = stackOf(account, stackName);
  const { Resources: ids } = stack;
  const resolve = resolver(account, stack, Resources);
  const problems = Object.keys(ids)
    .filter((id) => !(id in Resources))
    .map((id) => `${id} is in the stack and not in its template`);

  for (const [id, { Type: type, Properties: declared }] of Object.entries(Resources)) {
    if (!(id in ids)) problems.push(`${id} is in the template and not in the stack`);
    else if (!STUBS.includes(type)) {
      const unread = [...(NOT_READ[type] ?? []), 'Tags'];
      const wanted = Object.entries(declared).filter(([name]) => !unread.includes(name));
      const resolved = Object.fromEntries(
        wanted.map(([name, value]) => [name, sortUnordered(type, name, resolve(value))]),
      );
      problems.push(...differencesOf(id, resolved, account[type] ?? {}, ids[id]));
    }
  }
  return problems;
}

function sortUnordered(type: string, name: string, value: unknown): unknown {
  return Array.isArray(value) && UNORDERED[type]?.includes(name) ? value.map(String).sort() : value;
}

function differencesOf(id: string, wanted: Properties, all: Account[string], physicalId: string | null | undefined) {
  const found = all[physicalId ?? ''];
  if (!found) {
    const isThere = Object.values(all).some((one) => Object.keys(wanted).every((name) => contains(one, wanted, name)));
    return isThere ? [] : [`${id} is not in the account: ${JSON.stringify(wanted)}`];
  }
  return Object.keys(wanted)
    .filter((name) => !contains(found, wanted, name))
    .map((name) => `${id}: ${name} is ${JSON.stringify(found[name])}, not ${JSON.stringify(wanted[name])}`);
}

/** AWS adds members of its own to a property. */
function contains(found: Properties, wanted: Properties, name: string): boolean {
  const have = found[name];
  const want = wanted[name];
  if (!isRecord(want) || !isRecord(have)) return isDeepStrictEqual(have, want);
  return Object.keys(want).every((member) => contains(have, want, member));
}

function isRecord(value: unknown): value is Properties {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Resolves the intrinsic functions that this project's templates use. */
function resolver(account: Account, { Arn: arn, Resources: ids }: Stack, declared: Template['Resources']) {
  const [, partition, , region, accountId] = arn.split(':');
  const pseudo: Properties = { 'AWS::Partition': partition, 'AWS::Region': region, 'AWS::AccountId': accountId };

  function attribute([id = '', name = '']: readonly string[]): unknown {
    // Two resources may have one physical id, such as a table and a function.
    return account[declared[id]?.Type ?? '']?.[ids[id] ?? '']?.[name];
  }

  return function resolve(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(resolve);
    if (!isRecord(value)) return value;
    if (typeof value['Ref'] === 'string') return pseudo[value['Ref']] ?? ids[value['Ref']];
    if (Array.isArray(value['Fn::GetAtt'])) return attribute(value['Fn::GetAtt'].map(String));
    if (typeof value['Fn::Sub'] === 'string') {
      return value['Fn::Sub'].replaceAll(/\$\{([^}]+)\}/g, (_, name: string) => {
        const [id = '', ...path] = name.split('.');
        return String(path.length > 0 ? attribute([id, ...path]) : resolve({ Ref: id }));
      });
    }
    if (Array.isArray(value['Fn::Join'])) {
      const [separator, parts] = value['Fn::Join'] as [string, unknown[]];
      return parts.map((part) => String(resolve(part))).join(separator);
    }
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, resolve(member)]));
  };
}

/** Resources that belong to no stack of the account, as "type physical id". */
export function orphans(account: Account): string[] {
  const stacks = Object.keys(account['AWS::CloudFormation::Stack'] ?? {});
  const known = new Set(stacks.flatMap((name) => Object.values(stackOf(account, name).Resources)));
  const hasNoId = ['AWS::CloudFormation::Stack', 'AWS::Lambda::Permission', 'AWS::ApiGatewayV2::Stage'];
  return Object.entries(account)
    .filter(([type]) => !hasNoId.includes(type) || stacks.length === 0)
    .flatMap(([type, byId]) => Object.keys(byId).map((id) => ({ type, id })))
    .filter(({ id }) => !known.has(id))
    .map(({ type, id }) => `${type} ${id}`);
}
