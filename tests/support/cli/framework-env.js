'use strict';

// Reads .env as the framework does, by its own module: for each case on stdin, {folder, stage, shell}, the resulting
// environment on stdout. In a process of its own, because the module changes process.env and needs its folder.

const { text } = require('node:stream/consumers');
const loadDotenv = require('serverless/lib/cli/load-dotenv.js');

void text(process.stdin).then((input) => {
  const results = JSON.parse(input).map(({ folder, stage, shell }) => {
    for (const name of Object.keys(process.env)) delete process.env[name];
    Object.assign(process.env, shell);
    process.chdir(folder);
    try {
      loadDotenv(stage);
      return { ...process.env };
    } catch (error) {
      return { error: error.message };
    }
  });
  process.stdout.write(JSON.stringify(results));
});
