/** AWS's list prices on demand in us-east-1, in US dollars, without the free tier (2026-11). */
export const PRICES = {
  /** For a GB-second of an arm64 function, and a request to it. */
  gbSecond: 0.0000133334,
  invocation: 0.2 / 1e6,
  /** For a request of an HTTP API. */
  gatewayRequest: 1 / 1e6,
  /** For a write unit of DynamoDB, of the table as of its indexes. */
  writeUnit: 0.625 / 1e6,
  /** For a read unit of DynamoDB; an eventually consistent read of up to 4 kB is half of one. */
  readUnit: 0.125 / 1e6,
  /** For a GB of a DynamoDB table or index, and of its continuous backup, a month. */
  storage: 0.25,
  backup: 0.2,
  /** For a request to a standard queue of SQS. */
  queueRequest: 0.4 / 1e6,
  /** For a GB of log lines, as CloudWatch Logs ingests them. */
  logGigabyte: 0.5,
  /** For an alarm and a custom metric of CloudWatch, a month. */
  alarm: 0.1,
  metric: 0.3,
} as const;

/** As serverless.yml has it. */
export const GIGABYTES = 0.5;
