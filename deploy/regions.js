'use strict';

/** Regions of partitions that are not supported: the European Sovereign Cloud, and the isolated ones. */
const OTHER_PARTITION = /^(eusc|us-iso[a-z]?|eu-iso[a-z]?)-/;

/** Lambda has no function URLs in China and in these regions (AWS Lambda's guide, «Creating and managing function URLs»). */
const WITHOUT_FUNCTION_URLS = [
  'ap-east-2',
  'ap-south-2',
  'ap-southeast-4',
  'ap-southeast-5',
  'ap-southeast-6',
  'ap-southeast-7',
  'ca-west-1',
  'eu-central-2',
  'eu-south-2',
  'il-central-1',
  'me-central-1',
];

/** Whether Lambda has function URLs there. @param {string} region */
function hasFunctionUrls(region) {
  return !region.startsWith('cn-') && !WITHOUT_FUNCTION_URLS.includes(region);
}

/** The AWS partition of a region. @param {string} region */
function partitionOf(region) {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}

/**
 * Validates the region of a deploy. The framework refuses a region that AWS does not have.
 *
 * @param {string | undefined} region @param {string} stage
 * @returns {string} the error message; '' when the region is valid, or does not matter: in the local run
 */
function regionProblem(region, stage) {
  if (region === undefined || stage === 'local') return '';
  if (region === '') {
    return 'AWS_REGION is empty, and the deploy would then use us-east-1: set the region, for example AWS_REGION=ap-southeast-1, or remove the line';
  }
  if (OTHER_PARTITION.test(region)) {
    return `AWS_REGION (or --region) "${region}" is not supported: use a region of the partitions aws, aws-cn or aws-us-gov`;
  }
  return '';
}

module.exports = { hasFunctionUrls, partitionOf, regionProblem };
