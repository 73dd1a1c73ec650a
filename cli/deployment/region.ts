import type { Environment } from '../../lib/platform/env';
import { UsageError } from '../command-line/usage-error';

/** As in serverless.yml. */
const DEFAULT_REGION = 'ap-southeast-1';
/** Regions of the partitions aws, aws-cn and aws-us-gov. */
const REGION = /^(af|ap|ca|cn|eu|il|me|mx|sa|us|us-gov)-[a-z]+-\d$/;
/** Regions of the other partitions: the European Sovereign Cloud, and the isolated ones. */
const OTHER_PARTITION = /^(eusc|us-iso[a-z]?|eu-iso[a-z]?)-/;

/**
 * The region of the deploy, by `${opt:region, env:AWS_REGION, 'ap-southeast-1'}` in serverless.yml. AWS_DEFAULT_REGION and the
 * region of an AWS profile do not count, here as there. The hosts of the region are those of the AWS SDK.
 *
 * @param option `--region`
 * @throws UsageError for a region to which nothing can be deployed
 */
export function regionOf(option: string | undefined, variables: Environment): string {
  const region = option ?? variables['AWS_REGION'] ?? DEFAULT_REGION;
  const source = option === undefined ? 'AWS_REGION' : '--region';
  if (region === '') {
    const cause = `${source} is empty, and the deploy would then use us-east-1`;
    throw new UsageError(`${cause}: name the region, for example ${source}=${DEFAULT_REGION}, or remove it`);
  }
  if (OTHER_PARTITION.test(region)) {
    const supported = 'the regions of AWS (aws), AWS in China (aws-cn) and AWS GovCloud (aws-us-gov)';
    throw new UsageError(`${source} ${region} is not supported, the deploy knows ${supported} only`);
  }
  if (!REGION.test(region)) {
    throw new UsageError(`${source} must be an AWS region, for example ${DEFAULT_REGION}, not "${region}"`);
  }
  return region;
}
