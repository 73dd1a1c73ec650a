import type { Resource, Template } from './packaged';

type Properties = Readonly<Record<string, unknown>>;

interface GetAtt {
  readonly 'Fn::GetAtt': readonly [logicalId: string, attribute: string];
}

/** A value of a template that is known when it is deployed. */
type Reference = string | { readonly Ref: string } | { readonly 'Fn::Sub': string } | GetAtt;

export interface Table {
  readonly TableName: string;
  readonly DeletionProtectionEnabled: boolean;
  readonly GlobalSecondaryIndexes: readonly object[];
  readonly TimeToLiveSpecification: { readonly AttributeName: string };
}

export interface Queue {
  readonly QueueName?: string;
  readonly VisibilityTimeout?: number;
  readonly RedrivePolicy?: { readonly deadLetterTargetArn: GetAtt };
}

/** A mapping of a queue has no starting position. */
export interface StreamMapping {
  readonly StartingPosition?: string;
}

export interface Alarm {
  readonly AlarmName: string;
  readonly AlarmDescription: string;
  readonly AlarmActions: readonly string[];
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: Reference }[];
  readonly Statistic: string;
  readonly TreatMissingData: string;
}

export interface MetricFilter {
  readonly LogGroupName: { readonly Ref: string };
  readonly MetricTransformations: readonly {
    readonly MetricNamespace: string;
    readonly MetricName: string;
    readonly Dimensions?: readonly { readonly Key: string }[];
  }[];
}

interface Lambda {
  readonly FunctionName: string;
  readonly Handler: string;
  readonly Timeout: number;
  readonly Role: GetAtt;
  readonly Environment: { readonly Variables: Readonly<Record<string, Reference>> };
}

interface PolicyDocument {
  readonly Statement: readonly {
    readonly Effect: string;
    readonly Action: string | readonly string[];
    readonly Resource: Reference | readonly Reference[];
  }[];
}

interface Role {
  readonly Policies: readonly { readonly PolicyDocument: PolicyDocument }[];
}

interface Policy {
  readonly Roles: readonly { readonly Ref: string }[];
  readonly PolicyDocument: PolicyDocument;
}

interface Rule {
  readonly ScheduleExpression: string;
  readonly State: string;
  readonly Targets: readonly { readonly Arn: GetAtt }[];
}

interface Invocation {
  readonly FunctionName: { readonly Ref: string };
  readonly MaximumRetryAttempts: number;
  readonly MaximumEventAgeInSeconds: number;
}

interface Route {
  readonly RouteKey: string;
  readonly AuthorizationType?: string;
  readonly AuthorizerId?: { readonly Ref: string };
}

/** A function; `id` is its logical id without the framework's ending. Times in seconds. */
export interface PackagedFunction {
  readonly id: string;
  readonly handler: string;
  readonly role: string;
  readonly timeout: number;
  readonly environment: Readonly<Record<string, string>>;
}

export interface Schedule {
  readonly id: string;
  readonly rate: number;
  readonly timeout: number;
  readonly maxRetries: number | undefined;
  readonly maxAge: number | undefined;
}

const SUFFIX = 'LambdaFunction';

/** Reads a packaged template. The framework has checked its shape. */
export class TemplateReader {
  readonly resources: Readonly<Record<string, Resource>>;
  readonly outputs: Template['Outputs'];

  constructor({ Resources, Outputs }: Template) {
    this.resources = Resources;
    this.outputs = Outputs;
  }

  /** @throws Error when there is no such resource */
  properties(id: string): Properties {
    const resource = this.resources[id];
    if (!resource) throw new Error(`Cannot find the resource ${id} in the template`);
    return resource.Properties;
  }

  ofType<T = Properties>(type: string): T[] {
    return Object.values(this.resources).flatMap((resource) =>
      resource.Type === type ? [resource.Properties as T] : [],
    );
  }

  table(): Table {
    return this.properties('UploadsTable') as unknown as Table;
  }

  queue(id: string): Queue {
    return this.properties(id);
  }

  functions(): PackagedFunction[] {
    const functions = this.#entries<Lambda>('AWS::Lambda::Function');
    return functions.map(([logicalId, { Handler, Timeout, Role: role, Environment }]) => ({
      id: logicalId.slice(0, -SUFFIX.length),
      handler: Handler,
      role: role['Fn::GetAtt'][0],
      timeout: Timeout,
      environment: Object.fromEntries(
        Object.entries(Environment.Variables).map(([name, value]) => [name, describeReference(value)]),
      ),
    }));
  }

  /**
   * By role: each action of its own policies with the resource that it is allowed on, as
   * `sqs:SendMessage VerificationQueue.Arn`.
   */
  permissions(): Record<string, string[]> {
    const roles = this.#entries<Role>('AWS::IAM::Role');
    return Object.fromEntries(
      roles.map(([id, { Policies }]) => [
        id,
        Policies.flatMap(({ PolicyDocument: document }) => permissionsOf(document)),
      ]),
    );
  }

  /** By policy that is a resource of its own: the roles to which it is attached, and what it allows as {@link permissions}. */
  sharedPolicies(): Record<string, { readonly roles: string[]; readonly permissions: string[] }> {
    const policies = this.#entries<Policy>('AWS::IAM::Policy');
    return Object.fromEntries(
      policies.map(([id, { Roles, PolicyDocument: document }]) => [
        id,
        { roles: Roles.map(({ Ref }) => Ref), permissions: permissionsOf(document) },
      ]),
    );
  }

  schedules(): Schedule[] {
    const invocations = this.ofType<Invocation>('AWS::Lambda::EventInvokeConfig');
    const timeouts = new Map(this.functions().map(({ id, timeout }) => [id, timeout]));
    return this.ofType<Rule>('AWS::Events::Rule').flatMap(({ ScheduleExpression, State, Targets }) =>
      Targets.map(({ Arn }) => {
        const [logicalId] = Arn['Fn::GetAtt'];
        const [, minutes] = /^rate\((\d+) minutes?\)$/.exec(ScheduleExpression) ?? [];
        const invocation = invocations.find(({ FunctionName }) => FunctionName.Ref === logicalId);
        const id = logicalId.slice(0, -SUFFIX.length);
        return {
          id,
          rate: State === 'ENABLED' ? Number(minutes) * 60 : 0,
          timeout: timeouts.get(id) ?? Infinity,
          maxRetries: invocation?.MaximumRetryAttempts,
          maxAge: invocation?.MaximumEventAgeInSeconds,
        };
      }),
    );
  }

  /** By route key: `NONE`, or the type and logical id of its authorizer. */
  routes(): Record<string, string> {
    return Object.fromEntries(
      this.ofType<Route>('AWS::ApiGatewayV2::Route').map(({ RouteKey, AuthorizationType = 'NONE', AuthorizerId }) => [
        RouteKey,
        AuthorizerId ? `${AuthorizationType} ${AuthorizerId.Ref}` : AuthorizationType,
      ]),
    );
  }

  #entries<T>(type: string): [id: string, properties: T][] {
    return Object.entries(this.resources).flatMap(([id, resource]) =>
      resource.Type === type ? [[id, resource.Properties as T]] : [],
    );
  }
}

function permissionsOf({ Statement }: PolicyDocument): string[] {
  return Statement.flatMap(({ Effect, Action, Resource: on }) => permit(Effect, Action, on));
}

function permit(effect: string, actions: string | readonly string[], on: Reference | readonly Reference[]): string[] {
  const resources = [on].flat().map(describeReference);
  const allowed = effect === 'Allow' ? [actions].flat() : [actions].flat().map((action) => `${effect} ${action}`);
  return resources.flatMap((resource) => allowed.map((action) => `${action} ${resource}`));
}

function describeReference(reference: Reference): string {
  if (typeof reference === 'string') return reference;
  if ('Ref' in reference) return reference.Ref;
  return 'Fn::Sub' in reference ? reference['Fn::Sub'] : reference['Fn::GetAtt'].join('.');
}
