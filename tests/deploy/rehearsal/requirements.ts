import type { Account } from './account';
import { checkEventSources, checkQueues, checkTable } from './requirements-storage';
import { StackReader } from './stack-reader';

export type Stage = 'dev' | 'prod';
export type EventMode = 'push' | 'pull';

/** What was deployed. */
export interface Deploy {
  readonly stage: Stage;
  readonly mode: EventMode;
  /** Whether every optional feature is on; otherwise none is. */
  readonly hasFeatures: boolean;
}

const LOGS = ['logs:CreateLogStream', 'logs:PutLogEvents'];
const HINTS = ['dynamodb:GetItem', 'dynamodb:UpdateItem'];
const QUERY = 'dynamodb:Query';

/** The actions that each function may call, by its name in serverless.yml. A function that is missing here is a violation. */
const ALLOWED_ACTIONS: Readonly<Record<string, readonly string[]>> = {
  uploadSignature: [...LOGS, 'ssm:GetParameters'],
  uploads: [...LOGS, 'dynamodb:BatchGetItem', 'dynamodb:GetItem', QUERY],
  deleteUpload: [...LOGS, 'ssm:GetParameters', ...HINTS],
  playback: [...LOGS, 'ssm:GetParameters', 'dynamodb:GetItem'],
  vodEvents: [...LOGS, 'ssm:GetParameters', ...HINTS],
  pullEvents: [...LOGS, 'ssm:GetParameters', ...HINTS],
  uploadChanged: [
    ...LOGS,
    'ssm:GetParameters',
    'dynamodb:BatchGetItem',
    'dynamodb:UpdateItem',
    'dynamodb:DescribeStream',
    'dynamodb:GetRecords',
    'dynamodb:GetShardIterator',
    'dynamodb:ListStreams',
    'sqs:DeleteMessage',
    'sqs:GetQueueAttributes',
    'sqs:ReceiveMessage',
    'sqs:SendMessage',
  ],
  notifyApp: [
    ...LOGS,
    'ssm:GetParameters',
    'sqs:ChangeMessageVisibility',
    'sqs:DeleteMessage',
    'sqs:GetQueueAttributes',
    'sqs:ReceiveMessage',
    'sqs:SendMessage',
  ],
  reconcile: [
    ...LOGS,
    'ssm:GetParameters',
    'ssm:PutParameter',
    'dynamodb:BatchGetItem',
    'dynamodb:Scan',
    'dynamodb:UpdateItem',
    'sqs:SendMessage',
  ],
};

/** The functions that count a caller's uploads where UPLOADS_PER_DAY is on. */
const COUNTING_FUNCTIONS = ['reconcile', 'uploadChanged', 'uploadSignature'];

const FUNCTIONS: Readonly<Record<EventMode, readonly string[]>> = {
  push: ['reconcile', 'uploadChanged', 'uploadSignature', 'uploads', 'vodEvents'],
  pull: ['pullEvents', 'reconcile', 'uploadChanged', 'uploadSignature', 'uploads'],
};
const FEATURE_FUNCTIONS = ['deleteUpload', 'notifyApp', 'playback'];

const SCHEDULES: Readonly<Record<EventMode, Readonly<Record<string, string>>>> = {
  push: { reconcile: 'rate(5 minutes)' },
  pull: { pullEvents: 'rate(1 minute)', reconcile: 'rate(5 minutes)' },
};

/** By route: its authorization, and the requests a second that it accepts. */
type Routes = Readonly<Record<string, readonly [authorization: string, rate: number]>>;

const ROUTES: Routes = {
  'GET /uploads': ['JWT', 500],
  'GET /uploads/{fileId}': ['JWT', 500],
  'POST /upload-signature': ['JWT', 50],
};
const PUSH_ROUTES: Routes = { 'POST /vod-events': ['NONE', 200] };
const FEATURE_ROUTES: Routes = {
  'DELETE /uploads/{fileId}': ['JWT', 50],
  'GET /uploads/{fileId}/playback': ['JWT', 500],
};

/** The alarms that only a deploy with the optional features has. */
const FEATURE_ALARMS = [
  'delete-upload-5xx',
  'delete-upload-errors',
  'notifications-not-queued',
  'notifications-not-sent',
  'notify-app-errors',
  'playback-5xx',
  'playback-errors',
  'reject-action-failed',
  'undelivered-notifications',
];

/**
 * The most important properties of a stack, written a second time, so that a mistake in serverless.yml does not prove
 * itself. Returns a sentence for each property that is different in the account.
 */
export function violations(account: Account, deploy: Deploy): string[] {
  const stack = new StackReader(account, `vod-client-upload-${deploy.stage}`);
  for (const check of [
    checkFunctions,
    checkRoutes,
    checkRoles,
    checkTable,
    checkQueues,
    checkEventSources,
    checkAlarms,
  ]) {
    check(stack, deploy);
  }
  return stack.problems;
}

function checkFunctions(stack: StackReader, { stage, mode, hasFeatures }: Deploy): void {
  const wanted = [...FUNCTIONS[mode], ...(hasFeatures ? FEATURE_FUNCTIONS : [])].sort();
  const names = stack.functions.map(({ FunctionName }) => stack.shortName(FunctionName)).sort();
  stack.expect('the functions', names, wanted);

  const signing = stack.functions.find(({ FunctionName }) => stack.shortName(FunctionName) === 'uploadSignature');
  const file = hasFeatures ? 'upload-signature-with-quota' : 'upload-signature';
  stack.expect('the handler that signs', signing?.Handler, `functions/${file}.handler`);

  const rules = stack.ofType<{ ScheduleExpression: string; State: string; Targets: { Arn: string }[] }>(
    'AWS::Events::Rule',
  );
  const runs = rules.flatMap(({ ScheduleExpression: rate, State: state, Targets: targets }) =>
    targets.map(({ Arn: arn }) => [stack.functionName(arn), state === 'ENABLED' ? rate : state]),
  );
  stack.expect('the schedules', Object.fromEntries(runs.sort()), SCHEDULES[mode]);

  const groups = stack.ofType<{ RetentionInDays?: number }>('AWS::Logs::LogGroup');
  const days = groups.map(({ RetentionInDays: kept }) => kept);
  stack.expect('the days that logs are kept', days, Array(names.length + 1).fill(stage === 'prod' ? 90 : 14));
}

function checkRoutes(stack: StackReader, { mode, hasFeatures }: Deploy): void {
  const wanted: Routes = {
    ...ROUTES,
    ...(mode === 'push' && PUSH_ROUTES),
    ...(hasFeatures && FEATURE_ROUTES),
  };
  const routes = stack.ofType<{ RouteKey: string; AuthorizationType?: string }>('AWS::ApiGatewayV2::Route');
  const kinds = routes.map((route) => [route.RouteKey, route.AuthorizationType ?? 'NONE'] as const);
  const wantedKinds = Object.entries(wanted).map(([key, [authorization]]) => [key, authorization] as const);
  stack.expect('the routes and their authorization', Object.fromEntries(kinds), Object.fromEntries(wantedKinds));

  const rates = Object.entries(stack.stage?.RouteSettings ?? {}).map(([key, settings]) => {
    const { ThrottlingRateLimit: rate, ThrottlingBurstLimit: burst, DetailedMetricsEnabled: hasMetrics } = settings;
    return [key, [rate, burst, hasMetrics]] as const;
  });
  const wantedRates = Object.entries(wanted).map(([key, [, rate]]) => [key, [rate, 2 * rate, true]] as const);
  stack.expect('the throttles of the routes', Object.fromEntries(rates), Object.fromEntries(wantedRates));

  const authorizers = stack.ofType<{ AuthorizerType: string; IdentitySource: unknown }>(
    'AWS::ApiGatewayV2::Authorizer',
  );
  stack.expect(
    'the authorizers',
    authorizers.map(({ AuthorizerType: type, IdentitySource: source }) => [type, source]),
    [['JWT', ['$request.header.Authorization']]],
  );
  const url = /^https:\/\/\w+\.execute-api\.[\w.-]+\/vod-events$/;
  stack.expect('the output VodEventsUrl', url.test(stack.outputs['VodEventsUrl'] ?? ''), mode === 'push');
}

interface Statement {
  readonly Action: string | string[];
}
interface Role {
  readonly Arn: string;
  readonly ManagedPolicyArns: readonly string[];
  readonly Policies: readonly { readonly PolicyDocument: { readonly Statement: readonly Statement[] } }[];
}
/** A policy that is a resource of its own. */
interface Policy {
  readonly Roles: readonly string[];
  readonly PolicyDocument: { readonly Statement: readonly Statement[] };
}

function checkRoles(stack: StackReader, { hasFeatures }: Deploy): void {
  const roles = stack.ofType<Role>('AWS::IAM::Role');
  const shared = stack.ofType<Policy>('AWS::IAM::Policy');
  stack.expect('the number of roles', roles.length, stack.functions.length);
  const owners = new Map(
    stack.functions.map(({ Role: arn, FunctionName: full }) => [roleNameOf(arn), stack.shortName(full)]),
  );
  const attached = shared.map(({ Roles }) =>
    Roles.map((name) => owners.get(name) ?? name)
      .sort()
      .join(' '),
  );
  const counting = hasFeatures ? [COUNTING_FUNCTIONS.join(' ')] : [];
  stack.expect('the functions of each policy that is a resource', attached.sort(), [...counting, 'uploadChanged']);
  for (const { FunctionName: full, Role: arn } of stack.functions) {
    const role = roles.find((one) => one.Arn === arn);
    const policies = [...(role?.Policies ?? []), ...shared.filter(({ Roles }) => Roles.includes(roleNameOf(arn)))];
    const statements = policies.flatMap(({ PolicyDocument: { Statement: all } }) => all);
    const name = stack.shortName(full);
    const actions = new Set(statements.flatMap(({ Action: action }) => action));
    const counted = hasFeatures && COUNTING_FUNCTIONS.includes(name) ? [QUERY] : [];
    const allowed = [...(ALLOWED_ACTIONS[name] ?? []), ...counted];
    stack.expect(`the actions of the role of ${name}`, [...actions].sort(), allowed.sort());
    const forbidden = JSON.stringify(statements).match(/"Resource":(\[[^\]]*)?"\*"|"Deny"|Not[AR]/g);
    stack.expect(`forbidden parts of the role of ${name}`, forbidden, null);
    stack.expect(`managed policies of the role of ${name}`, role?.ManagedPolicyArns, []);
  }
}

function roleNameOf(arn: string): string {
  return arn.replace(/.*\//, '');
}

function checkAlarms(stack: StackReader, { hasFeatures }: Deploy): void {
  const alarms = stack.ofType<{ AlarmName: string }>('AWS::CloudWatch::Alarm');
  const names = alarms.map(({ AlarmName }) => stack.shortName(AlarmName));
  const ofFeatures = names.filter((name) => /notif|delete|playback|reject/.test(name)).sort();
  stack.expect('the alarms of optional features', ofFeatures, hasFeatures ? FEATURE_ALARMS : []);
}
