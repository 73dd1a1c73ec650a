import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { copyExampleTo, copyOfTheProject } from '../support/deploy/packaged';

jest.setTimeout(300_000);

/** The example in docs/contributing.md: the code block below each line that has only the name of a file in `own/`. */
async function exampleFiles(): Promise<readonly (readonly [name: string, content: string])[]> {
  const guide = await readFile(join(__dirname, '../../docs/contributing.md'), 'utf8');
  const blocks = guide.matchAll(/^`(own\/\S+)`:\n\n```\w+\n([^]*?)^```$/gm);
  return [...blocks].map(([, name = '', content = '']) => [name, content] as const);
}

test('functions and resources in own/ are deployed in addition to those of this project, as docs/contributing.md shows', async () => {
  const copy = await copyOfTheProject();
  try {
    await copyExampleTo(copy.directory);
    const files = await exampleFiles();
    expect(files.map(([name]) => name)).toEqual(['own/functions.yml', 'own/resources.yml', 'own/count-uploads.ts']);
    for (const [name, content] of files) {
      await mkdir(join(copy.directory, dirname(name)), { recursive: true });
      await writeFile(join(copy.directory, name), content);
    }
    expect(await copy.serverless(['package', '--stage', 'dev'])).toMatchObject({ code: 0 });
    const { Resources } = await copy.template();
    expect(Object.keys(Resources)).toEqual(
      expect.arrayContaining([
        'CountUploadsLambdaFunction',
        'CountUploadsRole',
        'CountUploadsLogGroup',
        'UploadsTable',
      ]),
    );
    expect(Resources['UploadSignatureLambdaFunction']).toBeDefined();
    expect(Resources['CountUploadsLambdaFunction']?.Properties).toMatchObject({
      Handler: 'own/count-uploads.handler',
      Role: { 'Fn::GetAtt': ['CountUploadsRole', 'Arn'] },
      Environment: { Variables: { TABLE_NAME: 'vod-client-upload-dev-uploads-2' } },
    });
    const route = Object.values(Resources).find(({ Properties }) => Properties['RouteKey'] === 'GET /own/count');
    expect(route?.Properties).toMatchObject({ AuthorizationType: 'JWT' });
  } finally {
    await copy.remove();
  }
});
