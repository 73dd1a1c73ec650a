// Replaces curl where it is not installed, with the options that the README uses.
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  options: {
    silent: { type: 'boolean', short: 's' },
    header: { type: 'string', short: 'H', multiple: true, default: [] },
    data: { type: 'string', short: 'd' },
  },
  allowPositionals: true,
});
const headers = values.header.map((header) => header.split(/:\s*/, 2));
const response = await fetch(positionals[0], { method: values.data ? 'POST' : 'GET', body: values.data, headers });
process.stdout.write(await response.text());
