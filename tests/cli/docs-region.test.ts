import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

// An `aws` command without a region acts in the region of a profile, which is not the deployment's.

const ROOT = join(__dirname, '..', '..');

/** Files that tell people to run commands. */
const FILES = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => /\.(md|html)$/.test(name))
    .map((name) => `docs/${name}`),
];

/** `aws <service> <action>`; the services that are the same in every region, and the sign-in, are not among them. */
const COMMAND = /\baws (?!(?:sts|iam|sso|configure|login)\b)[a-z0-9]+ [a-z][a-z-]+/g;
const EXPORT = /\bexport (?:[A-Z_]+=\S+ )*AWS_REGION=/;

/** The commands that have no region, with their line numbers. */
function withoutRegion(text: string): string[] {
  // A command may continue after a backslash.
  const lines = text.replace(/\\\n/g, '\\ ').split('\n');
  let isExported = false;
  return lines.flatMap((line, index) => {
    isExported ||= EXPORT.test(line);
    const commands = [...line.matchAll(COMMAND)].map(([command]) => `${index + 1}: ${command}`);
    return isExported || line.includes('--region ') ? [] : commands;
  });
}

test.each(FILES)('A11: every aws command in %s has a region', (file) => {
  expect(withoutRegion(readFileSync(join(ROOT, file), 'utf8'))).toEqual([]);
});

test('A11: the documents contain aws commands, so that this test does not pass without any', () => {
  const texts = FILES.map((file) => readFileSync(join(ROOT, file), 'utf8'));
  expect(texts.flatMap((text) => text.match(COMMAND) ?? []).length).toBeGreaterThan(11);
});

test('A11: a command without a region is found, also across lines and after one that has it', () => {
  expect(withoutRegion('aws ssm get-parameter --name /x')).toEqual(['1: aws ssm get-parameter']);
  expect(withoutRegion('aws s3api list-buckets \\\n  --region eu-west-1\naws sqs list-queues')).toEqual([
    '2: aws sqs list-queues',
  ]);
  expect(withoutRegion('aws sts get-caller-identity')).toEqual([]);
  expect(withoutRegion('export AWS_REGION=eu-west-1\naws sqs list-queues')).toEqual([]);
});

test('A11: the aws commands that the command line tool and the deploy tell the user have a region', () => {
  const sources = ['cli', 'deploy'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ts|js)$/.test(name))
      .map((name) => readFileSync(join(ROOT, folder, name), 'utf8')),
  );
  const commands = sources.flatMap((source) => source.match(COMMAND) ?? []);
  const withRegion = sources.flatMap((source) => source.match(new RegExp(`${COMMAND.source}\\b --region`, 'g')) ?? []);
  expect(commands.length).toBeGreaterThan(2);
  expect(withRegion).toHaveLength(commands.length);
});
