import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'dotenv';
import { envExample } from '../../deploy/env-example';
import { AWS_REGION, PARAMETERS, defaultOf, defaultsOf, problemOf } from '../../deploy/parameter-list';
import { SERVICE } from '../../deploy/stages';
import { deployParameters } from '../../local/deployment';
import { loadSecrets } from '../../local/secrets';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';

// deploy/parameter-list.js is the only list: everything that repeats it is compared with it here.

const ROOT = resolve(__dirname, '../..');
const read = (name: string) => readFileSync(join(ROOT, name), 'utf8');
const NAMES = PARAMETERS.map(({ name }) => name);
const config = read('serverless.yml');

/** The `params.default` that .env can set: the variable of each, and its default in a stage. */
function paramsOf(stage: string) {
  const lines = [...config.matchAll(/^ {4}(\w+): \$\{env:(\w+), '(.*)'\}$/gm)];
  return lines.map(([, name = '', variable = '', value = '']) => ({
    name,
    variable,
    value: value.replace('${self:service}', SERVICE).replace('${sls:stage}', stage),
  }));
}

test('the params of serverless.yml have the names, order and defaults of the list', () => {
  for (const stage of ['dev', 'prod']) {
    const params = paramsOf(stage);
    expect(params.map(({ name }) => name)).toEqual(NAMES);
    expect(params.map(({ variable }) => variable)).toEqual(NAMES);
    expect(Object.fromEntries(params.map(({ name, value }) => [name, value]))).toEqual(defaultsOf(stage));
  }
  expect(config).toMatch(new RegExp(`^service: ${SERVICE}$`, 'm'));
  expect(config).toContain(`region: \${opt:region, env:AWS_REGION, '${AWS_REGION.default}'}`);
});

test('every parameter of the list is used, and every one that is used is in the list or fixed for a stage', () => {
  const files = ['serverless.yml', ...readdirSync(join(ROOT, 'deploy')).map((name) => `deploy/${name}`)];
  const texts = files.map(read).join('\n');
  const fixed = ['logRetentionInDays', 'protectData', 'protectStack', 'tableDeletionPolicy'];
  const used = [...texts.matchAll(/\$\{param:(\w+)/g)].map(([, name = '']) => name);
  expect([...new Set(used)].filter((name) => !NAMES.includes(name) && !fixed.includes(name))).toEqual([]);
  const inCode = read('deploy/parameters.js') + read('deploy/features.js') + read('deploy/routes.js');
  expect(NAMES.filter((name) => !used.includes(name) && !inCode.includes(`values.${name}`))).toEqual([]);
});

test('.env.example is the output of deploy/env-example.js: names, order, defaults and descriptions of the list', () => {
  expect(read('.env.example')).toBe(envExample());
  const set = parse(read('.env.example'));
  const lines = [...read('.env.example').matchAll(/^(?:# )?([A-Z_]+)=/gm)].map(([, name]) => name);
  expect(lines).toEqual([...NAMES, 'AWS_REGION']);
  for (const { name, placeholder, default: value } of PARAMETERS) {
    expect([name, set[name]]).toEqual([name, typeof value === 'string' ? (placeholder ?? value) : undefined]);
  }
});

test('the local run sets every parameter of the list, and no other', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'vod-client-upload-list-'));
  try {
    const local = deployParameters('http://localhost:3000', 'http://localhost:3443', await loadSecrets(dataDir));
    expect(Object.keys(local)).toEqual(NAMES);
  } finally {
    await rm(dataDir, { recursive: true });
  }
});

describe.each(PARAMETERS)('the parameter $name', ({ name, example, description, rule, section }) => {
  const context = (value: string) => ({ values: { ...defaultsOf('dev'), [name]: value }, stage: 'dev' });

  test('each parameter has a description, a section, a rule, and an example that its own rule accepts', () => {
    expect([description, section, rule.text].map((text) => text.length > 1)).toEqual([true, true, true]);
    const value = typeof example === 'function' ? example('dev') : example;
    const values = { ...context(value).values, PROCEDURES: 'LongVideoPreset' };
    expect(rule.violation(value, { values, stage: 'dev', region: 'ap-southeast-1' })).toBeUndefined();
  });

  test('each parameter has a default that is accepted, or a message that it is missing', () => {
    const problem = problemOf(name, context(defaultOf(name, 'dev')));
    expect(problem === '' || problem.startsWith(`${name} is missing, `)).toBe(true);
  });
});

test('a name that is not in the list is an error', () => {
  expect(() => defaultOf('toString', 'dev')).toThrow('Cannot find the deploy parameter toString');
  expect(() => problemOf('VOD_KEY', { values: {}, stage: 'dev' })).toThrow('Cannot find the deploy parameter VOD_KEY');
});
