// `npm run rehearse` deploys, updates, rolls back and removes both stages against an AWS emulator on this machine, and runs
// the packages on Lambda's versions of Node. Needs no account.
import '../../support/environment';
import { join } from 'node:path';
import { copyExampleTo, copyOfTheProject, type Copy } from '../../support/deploy/packaged';
import { orphans, stackOf } from './account';
import { findPython, lint, startEmulator, type Emulator, type Python } from './emulator';
import { runPackages } from './packages';
import { note, print, problems } from './report';
import { RehearsedStage } from './stage';

const REGION = 'ap-southeast-1';
/** The table of version 1, which the update replaced and nothing removes. */
const REPLACED = 'AWS::DynamoDB::Table vod-client-upload-prod-uploads';
const KEPT = [REPLACED, `${REPLACED}-2`];

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
    const dev = new RehearsedStage('dev', await newCopy(), emulator);
    const prod = new RehearsedStage('prod', await newCopy(), emulator);
    await Promise.all([
      dev.rehearse('push', 'pull'),
      prod.deployVersion1('pull').then(() => prod.rehearse('pull', 'push')),
    ]);
    const unowned = orphans(await emulator.read()).filter((id) => id !== REPLACED);
    note(
      'both stages deployed',
      unowned.map((id) => `in no stack: ${id}`),
    );

    await removeAndRun(python, emulator, dev, prod);
  } finally {
    await Promise.all([emulator.stop(), ...copies.map((copy) => copy.remove())]);
  }
  console.log(
    'Not shown: the emulator calls no function, contacts no issuer and enforces no role; architecture, logging and bucket settings\n' +
      'are not read back, the bucket policy is a stub, and no events are waiting where they are pulled.',
  );
}

/** Removes both stages, and meanwhile reads and runs their last packages: prod for push and dev for pull. */
async function removeAndRun(python: Python, emulator: Emulator, dev: RehearsedStage, prod: RehearsedStage) {
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
}

async function removeBoth(emulator: Emulator, dev: RehearsedStage, prod: RehearsedStage): Promise<void> {
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
