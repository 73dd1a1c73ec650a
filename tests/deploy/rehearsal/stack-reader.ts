import { isDeepStrictEqual } from 'node:util';
import { stackOf, type Account } from './account';

interface Lambda {
  readonly FunctionName: string;
  readonly FunctionArn: string;
  readonly Handler: string;
  readonly Role: string;
}

interface ApiStage {
  readonly RouteSettings?: Readonly<
    Record<
      string,
      {
        readonly ThrottlingRateLimit: number;
        readonly ThrottlingBurstLimit: number;
        readonly DetailedMetricsEnabled: boolean;
      }
    >
  >;
}

/** The resources of one stack, and a sentence for each that is not as expected. */
export class StackReader {
  readonly problems: string[] = [];
  readonly isProtected: boolean;
  readonly outputs: Readonly<Record<string, string>>;
  readonly functions: readonly Lambda[];
  readonly #physicalIds: ReadonlySet<string | null>;

  constructor(
    private readonly account: Account,
    private readonly name: string,
  ) {
    const { Resources: ids, Outputs: outputs, Protected: isProtected } = stackOf(account, name);
    this.#physicalIds = new Set(Object.values(ids));
    this.outputs = outputs;
    this.isProtected = isProtected;
    this.functions = this.ofType<Lambda>('AWS::Lambda::Function');
  }

  expect(what: string, found: unknown, wanted: unknown): void {
    if (isDeepStrictEqual(found, wanted)) return;
    this.problems.push(`${what}: ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
  }

  /** The properties of the stack's resources of a type. */
  ofType<T>(type: string): T[] {
    return Object.entries(this.account[type] ?? {})
      .filter(([id]) => this.#physicalIds.has(id))
      .map(([, properties]) => properties as T)
      .sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
  }

  /** The stage of the HTTP API: its physical id is the same in every stack. */
  get stage(): ApiStage | undefined {
    const stages = Object.values(this.account['AWS::ApiGatewayV2::Stage'] ?? {});
    return stages.find(({ ApiId }) => typeof ApiId === 'string' && this.#physicalIds.has(ApiId));
  }

  /** A physical id without the stack's name. */
  shortName(physicalId: string): string {
    return physicalId.slice(this.name.length + 1);
  }

  functionName(arn: string): string {
    return this.shortName(this.functions.find(({ FunctionArn }) => FunctionArn === arn)?.FunctionName ?? arn);
  }
}
