import { isDeepStrictEqual } from 'node:util';
import { stackOf, type Account } from './account';

export type Stage = 'dev' | 'prod';
export type EventMode = 'push' | 'pull';

const LOGS = ['logs:CreateLogStream', 'logs:PutLogEvents'];

/** By the function's name in serverless.yml: what it may call, and on its own schedule. A function that is not here fails the rehearsal. */
const MAY_CALL: Readonly<Record<string, readonly string[]>> = {
  uploadSignature: [...LOGS, 'ssm:GetParameters'],
  vodEvents: [...LOGS, 'ssm:GetParameters', 'dynamodb:UpdateItem'],
  pullEvents: [...LOGS, 'ssm:GetParameters', 'dynamodb:UpdateItem'],
  reconcile: [
    ...[...LOGS, 'ssm:GetParameters', 'ssm:PutParameter'],
    ...['dynamodb:BatchGetItem', 'dynamodb:Query', 'dynamodb:Scan', 'dynamodb:UpdateItem'],
  ],
};

const SCHEDULES: Readonly<Record<EventMode, Readonly<Record<string, string>>>> = {
  push: { reconcile: 'rate(5 minutes)' },
  pull: { pullEvents: 'rate(1 minute)', reconcile: 'rate(5 minutes)' },
};

const ROUTES: Readonly<Record<EventMode, Readonly<Record<string, string>>>> = {
  push: { 'POST /upload-signature': 'JWT', 'POST /vod-events': 'NONE' },
  pull: { 'POST /upload-signature': 'JWT' },
};

const FUNCTIONS: Readonly<Record<EventMode, readonly string[]>> = {
  push: ['reconcile', 'uploadSignature', 'vodEvents'],
  pull: ['pullEvents', 'reconcile', 'uploadSignature'],
};

const INDEXES = {
  bySourceContext: 'sourceContext sortTime ALL',
  byUnchecked: 'unchecked updatedAt KEYS_ONLY',
  byUploader: 'uploader sortTime ALL',
};

/**
 * What matters most of a stack, written down a second time, so that a mistake in serverless.yml is not its own proof: a
 * sentence for each thing that is otherwise in the account.
 */
export function broken(account: Account, stage: Stage, mode: EventMode): string[] {
  const problems: string[] = [];
  const expect = (what: string, found: unknown, wanted: unknown) => {
    if (isDeepStrictEqual(found, wanted)) return;
    problems.push(`${what}: ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
  };
  const prefix = `vod-client-upload-${stage}`;
  const { Resources: ids, Outputs: outputs, Protected: isProtected } = stackOf(account, prefix);
  const mine = new Set(Object.values(ids));
  const of = <T>(type: string) =>
    Object.entries(account[type] ?? {})
      .filter(([id]) => mine.has(id))
      .map(([, properties]) => properties as T)
      .sort((one, other) => JSON.stringify(one).localeCompare(JSON.stringify(other)));
  const name = (physicalId: string) => physicalId.slice(prefix.length + 1);

  const functions = of<{ FunctionName: string; FunctionArn: string; Role: string }>('AWS::Lambda::Function');
  expect('the functions', functions.map((made) => name(made.FunctionName)).sort(), FUNCTIONS[mode]);

  const routes = of<{ RouteKey: string; AuthorizationType?: string; AuthorizerId?: string }>(
    'AWS::ApiGatewayV2::Route',
  );
  const kinds = routes.map((route) => [route.RouteKey, route.AuthorizationType ?? 'NONE'] as const);
  expect('the routes and who checks their callers', Object.fromEntries(kinds.sort()), ROUTES[mode]);
  const authorizers = of<{ AuthorizerType: string; IdentitySource: unknown }>('AWS::ApiGatewayV2::Authorizer');
  expect(
    'the authorizers',
    authorizers.map(({ AuthorizerType: type, IdentitySource: at }) => [type, at]),
    [['JWT', ['$request.header.Authorization']]],
  );

  const roles = of<{ Arn: string; Policies: Policy[]; ManagedPolicyArns: string[] }>('AWS::IAM::Role');
  expect('how many roles', roles.length, functions.length);
  for (const { FunctionName: full, Role: arn } of functions) {
    const role = roles.find((one) => one.Arn === arn);
    const statements = role?.Policies.flatMap(({ PolicyDocument: { Statement: all } }) => all) ?? [];
    const who = `the role of ${name(full)}`;
    const actions = new Set(statements.flatMap(({ Action: action }) => action));
    expect(`what ${who} may call`, [...actions].sort(), [...(MAY_CALL[name(full)] ?? [])].sort());
    expect(
      `what ${who} may not say`,
      JSON.stringify(statements).match(/"Resource":(\[[^\]]*)?"\*"|"Deny"|Not[AR]/g),
      null,
    );
    expect(`policies of AWS in ${who}`, role?.ManagedPolicyArns, []);
  }

  const rules = of<{ ScheduleExpression: string; State: string; Targets: { Arn: string }[] }>('AWS::Events::Rule');
  const runs = rules.flatMap(({ ScheduleExpression: when, State: state, Targets: targets }) =>
    targets.map(({ Arn: arn }) => {
      const target = functions.find((made) => made.FunctionArn === arn)?.FunctionName ?? arn;
      return [name(target), state === 'ENABLED' ? when : state];
    }),
  );
  expect('the schedules', Object.fromEntries(runs.sort()), SCHEDULES[mode]);

  const [table] = of<Table>('AWS::DynamoDB::Table');
  const keys = (schema: readonly Key[] = []) => schema.map(({ AttributeName: key }) => key).join(' ');
  expect("the table's key", keys(table?.KeySchema), 'fileId');
  const indexes = table?.GlobalSecondaryIndexes.map((index) => [
    index.IndexName,
    `${keys(index.KeySchema)} ${index.Projection.ProjectionType}`,
  ]);
  expect('its indexes', Object.fromEntries(indexes?.sort() ?? []), INDEXES);
  expect('its stream', table?.StreamSpecification.StreamViewType, 'NEW_AND_OLD_IMAGES');
  expect('its protection against deletion', table?.DeletionProtectionEnabled, stage === 'prod');
  expect("the stack's protection against deletion", isProtected, stage === 'prod');

  const groups = of<{ RetentionInDays?: number }>('AWS::Logs::LogGroup');
  const days = groups.map(({ RetentionInDays: kept }) => kept);
  expect('the days that logs are kept', days, Array(functions.length + 1).fill(stage === 'prod' ? 90 : 14));
  const url = /^https:\/\/\w+\.execute-api\.[\w.-]+\/vod-events$/;
  expect('the output VodEventsUrl', url.test(outputs['VodEventsUrl'] ?? ''), mode === 'push');
  return problems;
}

interface Key {
  readonly AttributeName: string;
}
interface Policy {
  readonly PolicyDocument: { readonly Statement: readonly { readonly Action: string | string[] }[] };
}
interface Table {
  readonly KeySchema: readonly Key[];
  readonly GlobalSecondaryIndexes: readonly {
    readonly IndexName: string;
    readonly KeySchema: readonly Key[];
    readonly Projection: { readonly ProjectionType: string };
  }[];
  readonly StreamSpecification: { readonly StreamViewType: string };
  readonly DeletionProtectionEnabled: boolean;
}
