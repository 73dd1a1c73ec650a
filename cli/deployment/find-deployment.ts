import type { CommandContext } from '../command-line/context';
import { UsageError } from '../command-line/usage-error';
import { useProxyExceptLoopback } from '../network/proxy';
import { awsDeployment } from './aws';
import type { Deployment } from './deployment';
import { localDeployment } from './local';

export interface DeploymentOptions {
  readonly stage?: string | undefined;
  readonly region?: string | undefined;
  readonly 'aws-profile'?: string | undefined;
  readonly local?: boolean | undefined;
}

/**
 * Returns the deployment that the options choose. It calls nothing yet, except to find a local run.
 *
 * @throws UsageError for options that exclude each other, or parameters that the deploy refuses
 */
export async function findDeployment(options: DeploymentOptions, context: CommandContext): Promise<Deployment> {
  const { local, stage, region, 'aws-profile': profile } = options;
  if (!local) return awsDeployment({ stage, region, profile }, context);
  if ([stage, region, profile].some((option) => option !== undefined)) {
    throw new UsageError('--local cannot be combined with --stage, --region or --aws-profile');
  }
  await useProxyExceptLoopback();
  return localDeployment(context.env);
}
