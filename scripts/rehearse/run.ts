// `npm run rehearse`: both stages deployed, updated, rolled back and removed against an AWS emulator on this machine, and
// what is deployed run on Lambda's Node. Needs no account.
import '../../tests/helpers/environment';
import { join } from 'node:path';
import { copyExampleTo, copyOfTheProject, type Copy, type Template } from '../../tests/helpers/packaged';
import { differences, stackOf, strangers } from './account';
import { findPython, lint, startEmulator, type Emulator } from './emulator';
import { broken, type EventMode, type Stage } from './requirements';
import { runZips } from './zips';

const REGION = 'ap-southeast-1';
const KEPT = ['AWS::DynamoDB::Table vod-client-upload-prod-uploads'];

const started = Date.now();
const problems: string[] = [];

function say(line: string): void {
  console.log(`${((Date.now() - started) / 1000).toFixed(0).padStart(3)} s  ${line}`);
}

function note(where: string, found: readonly string[]): void {
  problems.push(...found.map((problem) => `${where}: ${problem}`));
}

type Rehearsed = ReturnType<typeof rehearsed>;

/** A copy of the project that deploys one stage. */
function rehearsed(stage: Stage, copy: Copy, emulator: Emulator) {
  const name = `vod-client-upload-${stage}`;

  function attempt(command: string, mode: EventMode = 'push') {
    return copy.serverless([...command.split(' '), '--stage', stage], { ...emulator.env, EVENT_MODE: mode });
  }

  async function serverless(command: string, mode?: EventMode): Promise<string> {
    const { code, stdout } = await attempt(command, mode);
    if (code !== 0) throw new Error(`Cannot ${command} ${stage}: serverless says\n${stdout}`);
    return stdout;
  }

  async function deploy(mode: EventMode): Promise<Template> {
    await serverless('deploy', mode);
    const template = await copy.template();
    say(`${stage}: deployed for ${mode}, ${Object.keys(template.Resources).length} resources`);
    return template;
  }

  /** Holds what is there against the template, and against what was written down apart from it. */
  async function inspect(step: string, template: Template, mode: EventMode): Promise<void> {
    const account = await emulator.read();
    note(`${stage} ${step}`, [...differences(account, name, template), ...broken(account, stage, mode)]);
  }

  /** Deploys, deploys in the other mode, goes back to the first package. */
  async function rehearse(first: EventMode, other: EventMode): Promise<void> {
    const before = await deploy(first);
    await inspect('deployed', before, first);
    await inspect('updated', await deploy(other), other);
    const [timestamp = 'none'] = /(?<=Timestamp: )\d+/.exec(await serverless('deploy list', other)) ?? [];
    await serverless(`rollback --timestamp ${timestamp}`, other);
    say(`${stage}: rolled back to the package for ${first}`);
    await inspect('rolled back', before, first);
  }

  return { name, copy, attempt, serverless, rehearse };
}

async function packageOf(copy: Copy) {
  const file = join(copy.directory, '.serverless/cloudformation-template-update-stack.json');
  return { directory: copy.directory, file, template: await copy.template() };
}

async function rehearse(): Promise<void> {
  const python = await findPython();
  if (!python) {
    const how = 'pip install "moto[server]" cfn-lint (PYTHON names a python that has them)';
    console.log(`SKIPPED: the deploy was NOT rehearsed, for no python here has the emulator and the linter: ${how}`);
    return;
  }
  say(`moto ${python.moto} and cfn-lint ${python.cfnLint} of ${python.executable}`);
  const emulator = await startEmulator(python, REGION);
  const copies: Copy[] = [];
  const newCopy = async () => {
    const copy = await copyOfTheProject();
    copies.push(copy);
    await copyExampleTo(copy.directory);
    return copy;
  };
  try {
    const [dev, prod] = [rehearsed('dev', await newCopy(), emulator), rehearsed('prod', await newCopy(), emulator)];
    await Promise.all([dev.rehearse('push', 'pull'), prod.rehearse('pull', 'push')]);
    note(
      'both stages deployed',
      strangers(await emulator.read()).map((id) => `nobody's: ${id}`),
    );

    // What each packaged last: prod for push and dev for pull.
    const packages = await Promise.all([prod.copy, dev.copy].map(packageOf));
    const [, said, zips] = await Promise.all([
      removeBoth(emulator, dev, prod),
      lint(
        python,
        packages.map(({ file }) => file),
      ),
      runZips(packages, python.executable).catch((error: unknown) => ({
        ran: [],
        skipped: [],
        problems: [String(error)],
      })),
    ]);
    note('cfn-lint', said === '' ? [] : [said]);
    note('the zips', zips.problems);
    say(`cfn-lint read ${packages.length} templates; these zips ran: ${zips.ran.join(', ')}`);
    for (const why of zips.skipped) console.log(`SKIPPED: the zips did NOT run on Lambda's Node: ${why}`);
  } finally {
    await Promise.all([emulator.stop(), ...copies.map((copy) => copy.remove())]);
  }
  console.log(
    'Not shown: what runs on AWS alone. The emulator calls no function, asks no issuer and enforces no role;\n' +
      'architecture and bucket settings are not read back, the bucket policy is a stub, queues are empty where they are pulled.',
  );
}

async function removeBoth(emulator: Emulator, dev: Rehearsed, prod: Rehearsed): Promise<void> {
  await dev.serverless('remove');
  const left = await emulator.read();
  note('dev removed', left['AWS::CloudFormation::Stack']?.[dev.name] ? ['the stack is still there'] : []);
  note(
    'dev removed',
    strangers(left).map((id) => `left behind: ${id}`),
  );

  const { code, stdout } = await prod.attempt('remove');
  if (code === 0 || !stdout.includes('deletion protection')) note('prod', [`remove is not refused: ${stdout}`]);
  const untouched = stackOf(await emulator.read(), prod.name);
  if (!untouched.Protected) note('prod', ['is not protected any more']);
  await emulator.call('cloudformation', 'update_termination_protection', {
    StackName: prod.name,
    EnableTerminationProtection: false,
  });
  await prod.serverless('remove');
  const kept = strangers(await emulator.read());
  if (JSON.stringify(kept) !== JSON.stringify(KEPT)) note('prod removed', [`left are ${JSON.stringify(kept)}`]);
  say(`dev and prod: removed; what is left of both: ${kept.join(', ')}`);
}

rehearse().then(
  () => {
    for (const problem of problems) console.log(`WRONG  ${problem}`);
    if (problems.length > 0) process.exitCode = 1;
  },
  (error: unknown) => {
    console.error(error);
    for (const problem of problems) console.log(`WRONG  ${problem}`);
    process.exitCode = 1;
  },
);
