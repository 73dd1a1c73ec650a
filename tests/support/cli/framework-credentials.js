'use strict';

// The AWS access key that the framework chooses, by its own module: for each case on stdin, {stage, profile, variables}, the
// key id on stdout, or null.

const { text } = require('node:stream/consumers');
const { getAwsSdkV3CredentialsProvider } = require('serverless/lib/aws/credentials.js');

void text(process.stdin).then(async (input) => {
  const chosen = [];
  for (const { stage, profile, variables } of JSON.parse(input)) {
    for (const name of Object.keys(process.env)) delete process.env[name];
    Object.assign(process.env, variables);
    const provider = {
      getStage: () => stage,
      serverless: { service: { provider: {} } },
      options: profile === undefined ? {} : { 'aws-profile': profile },
    };
    try {
      const { accessKeyId } = await getAwsSdkV3CredentialsProvider({ provider })();
      chosen.push(accessKeyId);
    } catch {
      chosen.push(null);
    }
  }
  process.stdout.write(JSON.stringify(chosen));
});
