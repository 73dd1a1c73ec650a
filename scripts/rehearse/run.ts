// `npm run rehearse` deploys, updates, rolls back and removes both stages against an AWS emulator on this machine, and runs
// the packages on Lambda's versions of Node. Needs no account.
import '../../tests/helpers/environment';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { copyExampleTo, copyOfTheProject, type Copy, type Template } from '../../tests/helpers/packaged';
import { APP_ID } from '../../local/vod/state';
import { differences, orphans, stackOf } from './account';
import { findPython, lint, startEmulator, type Emulator } from './emulator';
import { runPackages } from './packages';
import { violations, type EventMode, type Stage } from './requirements';

/** The deploys that are pushed events have every optional feature, the others none. */
const FEATURES: Readonly<Record<EventMode, Readonly<Record<string, string>>>> = {
  push: {
    NOTIFY_URL: 'https://app.example.com/webhooks/vod',
    ALLOW_DELETE: 'true',
    VOD_WRITE_KEY_PARAMETER: '/vod/write-key',
    PLAYER_KEY_PARAMETER: '/vod/player-key',
    URL_KEY_PARAMETER: '/vod/url-key',
    PLAYBACK_APP_ID: String(APP_ID),
    MAX_BYTES: '1073741824',
    MAX_SECONDS: '600',
    ALLOWED_CATEGORIES: 'Video,Audio',
    UPLOADS_PER_DAY: '100',
    REJECT_ACTION: 'forbid',
  },
  pull: {},
};
const hasFeatures = (mode: EventMode) => mode === 'push';

const REGION = 'ap-southeast-1';
/** The table of version 1, which the update replaced and nothing removes. */
const REPLACED = 'AWS::DynamoDB::Table vod-client-upload-prod-uploads';
const KEPT = [REPLACED, `${REPLACED}-2`];

const started = Date.now();
const problems: string[] = [];

function print(line: string): void {
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
    return copy.serverless([...command.split(' '), '--stage', stage], {
      ...emulator.env,
      EVENT_MODE: mode,
      ...FEATURES[mode],
    });
  }

  async function serverless(command: string, mode?: EventMode): Promise<string> {
    const { code, stdout } = await attempt(command, mode);
    if (code !== 0) throw new Error(`Cannot ${command} ${stage}: serverless printed\n${stdout}`);
    return stdout;
  }

  async function deploy(mode: EventMode): Promise<Template> {
    await serverless('deploy', mode);
    const template = await copy.template();
    const features = hasFeatures(mode) ? 'every feature' : 'no feature';
    print(`${stage}: deployed for ${mode} with ${features}, ${Object.keys(template.Resources).length} resources`);
    return template;
  }

  /** Compares the account with the template, and with the requirements that are written apart from it. */
  async function inspect(step: string, template: Template, mode: EventMode): Promise<void> {
    const account = await emulator.read();
    note(`${stage} ${step}`, [
      ...differences(account, name, template),
      ...violations(account, { stage, mode, hasFeatures: hasFeatures(mode) }),
    ]);
  }

  /** Deploys with the table name of version 1, from which the next deploy is an update. */
  async function deployVersion1(mode: EventMode): Promise<void> {
    const file = join(copy.directory, 'serverless.yml');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('-uploads-2', '-uploads'));
    await deploy(mode);
    await writeFile(file, text);
  }

  /** Deploys, deploys in the other mode, rolls back to the package before. */
  async function rehearse(first: EventMode, other: EventMode): Promise<void> {
    const before = await deploy(first);
    await inspect('deployed', before, first);
    await inspect('updated', await deploy(other), other);
    const timestamps = (await serverless('deploy list', other)).match(/(?<=Timestamp: )\d+/g) ?? [];
    await serverless(`rollback --timestamp ${timestamps.at(-2) ?? 'none'}`, other);
    print(`${stage}: rolled back to the package for ${first}`);
    await inspect('rolled back', before, first);
  }

  return { name, copy, attempt, serverless, deployVersion1, rehearse };
}

async function packageOf(copy: Copy) {
  const file = join(copy.directory, '.serverless/cloudformation-template-update-stack.json');
  return { directory: copy.directory, file, template: await copy.template() };
}

async function rehearse(): Promise<void> {
  const python = await findPython();
  if (!python) {
    const how = 'pip install "moto[server]" cfn-lint (PYTHON names a python that has them)';
    console.log(`SKIPPED: the deploy was NOT rehearsed, no python here has the emulator and the linter: ${how}`);
    return;
  }
  print(`moto ${python.moto} and cfn-lint ${python.cfnLint} of ${python.executable}`);
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
    await Promise.all([
      dev.rehearse('push', 'pull'),
      prod.deployVersion1('pull').then(() => prod.rehearse('pull', 'push')),
    ]);
    const unowned = orphans(await emulator.read()).filter((id) => id !== REPLACED);
    note(
      'both stages deployed',
      unowned.map((id) => `in no stack: ${id}`),
    );

    // Their last packages: prod for push and dev for pull.
    const packages = await Promise.all([prod.copy, dev.copy].map(packageOf));
    const [, findings, ran] = await Promise.all([
      removeBoth(emulator, dev, prod),
      lint(
        python,
        packages.map(({ file }) => file),
      ),
      runPackages(packages, python.executable).catch((error: unknown) => ({
        ran: [],
        skipped: [],
        problems: [String(error)],
      })),
    ]);
    note('cfn-lint', findings === '' ? [] : [findings]);
    note('the packages', ran.problems);
    print(`cfn-lint read ${packages.length} templates; these packages ran: ${ran.ran.join(', ')}`);
    for (const reason of ran.skipped) console.log(`SKIPPED: the packages did NOT run on Lambda's Node: ${reason}`);
  } finally {
    await Promise.all([emulator.stop(), ...copies.map((copy) => copy.remove())]);
  }
  console.log(
    'Not shown: the emulator calls no function, contacts no issuer and enforces no role; architecture and bucket settings\n' +
      'are not read back, the bucket policy is a stub, and no events are waiting where they are pulled.',
  );
}

async function removeBoth(emulator: Emulator, dev: Rehearsed, prod: Rehearsed): Promise<void> {
  await dev.serverless('remove');
  const left = await emulator.read();
  note('dev removed', left['AWS::CloudFormation::Stack']?.[dev.name] ? ['the stack is still there'] : []);
  note(
    'dev removed',
    orphans(left)
      .filter((id) => id !== REPLACED)
      .map((id) => `left behind: ${id}`),
  );

  const { code, stdout } = await prod.attempt('remove');
  if (code === 0 || !stdout.includes('deletion protection')) note('prod', [`remove is not refused: ${stdout}`]);
  const untouched = stackOf(await emulator.read(), prod.name);
  if (!untouched.Protected) note('prod', ['the stack has lost its protection']);
  await emulator.call('cloudformation', 'update_termination_protection', {
    StackName: prod.name,
    EnableTerminationProtection: false,
  });
  await prod.serverless('remove');
  const kept = orphans(await emulator.read()).sort();
  if (JSON.stringify(kept) !== JSON.stringify(KEPT)) note('prod removed', [`left behind: ${JSON.stringify(kept)}`]);
  print(`dev and prod: removed; what is left of both: ${kept.join(', ')}`);
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
