import { isDeepStrictEqual } from 'node:util';
import { stackOf, type Account } from './account';

export type Stage = 'dev' | 'prod';
export type EventMode = 'push' | 'pull';

/** The variant that was deployed. */
export interface Deploy {
  readonly stage: Stage;
  readonly mode: EventMode;
}

/**
 * Checks properties of a deployed stack that its template does not contain. Returns a message for each property that is
 * different in the account. The template itself is tested in tests/deploy/template.
 */
export function stackProblems(account: Account, stackName: string, { stage, mode }: Deploy): string[] {
  const { Resources: ids, Outputs: outputs, Protected: isProtected } = stackOf(account, stackName);
  const physicalIds = new Set(Object.values(ids));
  const url = /^https:\/\/\w+\.execute-api\.[\w.-]+\/vod-events$/;

  // An update of the stage that keeps the settings of a removed route fails on AWS.
  const routes = Object.entries(account['AWS::ApiGatewayV2::Route'] ?? {}).filter(([id]) => physicalIds.has(id));
  const stages = Object.values(account['AWS::ApiGatewayV2::Stage'] ?? {});
  const settings = stages.find(({ ApiId: id }) => physicalIds.has(String(id)))?.['RouteSettings'] ?? {};

  return [
    ...difference("the stack's protection against deletion", isProtected, stage === 'prod'),
    ...difference('the output VodEventsUrl is a URL', url.test(outputs['VodEventsUrl'] ?? ''), mode === 'push'),
    ...difference(
      'the routes with settings',
      Object.keys(settings).sort(),
      routes.map(([, { RouteKey: key }]) => String(key)).sort(),
    ),
  ];
}

function difference(what: string, found: unknown, wanted: unknown): string[] {
  return isDeepStrictEqual(found, wanted) ? [] : [`${what}: ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`];
}
