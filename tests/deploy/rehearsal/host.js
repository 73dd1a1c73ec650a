'use strict';
// Loads a function from an unpacked zip and calls it once, as Lambda's runtime does: event on stdin, response on file
// descriptor 3.
const { readFileSync, writeSync } = require('node:fs');
const { join } = require('node:path');

const [folder, handler, milliseconds] = process.argv.slice(2);
const [, file, name] = /^(.+)\.(\w+)$/.exec(handler);
const end = Date.now() + Number(milliseconds);
const context = {
  awsRequestId: '00000000-0000-4000-8000-000000000000',
  getRemainingTimeInMillis: () => Math.max(0, end - Date.now()),
};

async function main() {
  const response = await require(join(folder, file))[name](JSON.parse(readFileSync(0, 'utf8')), context);
  writeSync(3, JSON.stringify(response ?? null));
  process.exit(0); // Lambda freezes an instance once it has responded
}

main().catch((error) => {
  process.stderr.write(String(error.stack));
  process.exit(1);
});
