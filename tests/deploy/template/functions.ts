import { pullConfig, webhookConfig } from '../../../lib/events/config';
import { notifyConfig } from '../../../lib/notifications/config';
import type { Environment } from '../../../lib/platform/env';
import { playbackFunctionConfig } from '../../../lib/playback/config';
import { signerConfig } from '../../../lib/signing/config';
import { limitsConfig } from '../../../lib/uploads/limits-config';
import { deleteUploadConfig, readUploadsConfig } from '../../../lib/users/config';
import { reconcileConfig, uploadChangedConfig } from '../../../lib/verification/config';
import type { TemplateReader } from '../../support/deploy/template';
import { describeEach, templateOf, type PackageName } from './packages';

describeEach(({ name, isProd, isPulled, has }) => {
  test('each function has its own role, and an environment with which its handler starts', () => {
    const readers: Record<string, (env: Environment) => unknown> = {
      UploadSignature: signerConfig,
      Uploads: readUploadsConfig,
      UploadChanged: uploadChangedConfig,
      Reconcile: reconcileConfig,
      ...(isPulled ? { PullEvents: pullConfig } : { VodEvents: webhookConfig }),
      ...(has('deleteUpload') && { DeleteUpload: deleteUploadConfig }),
      ...(has('playback') && { Playback: playbackFunctionConfig }),
      ...(has('notifyApp') && { NotifyApp: notifyConfig }),
    };
    const template = templateOf(name);
    const functions = template.functions();
    expect(functions.map((one) => one.id).sort()).toEqual(Object.keys(readers).sort());
    for (const { id, role, environment } of functions) {
      expect(role).toBe(`${id}Role`);
      expect(() => readers[id]?.(environment)).not.toThrow();
      const isWithoutTable = id === 'UploadSignature' && !has('uploadQuota');
      if ('TABLE_NAME' in environment) {
        expect(environment['TABLE_NAME']).toBe(isWithoutTable ? '' : template.table().TableName);
      }
    }
  });

  test('the signing function has neither the table nor limits unless a parameter sets them', () => {
    const files: Record<PackageName, string> = {
      dev: 'upload-signature',
      prod: 'upload-signature-with-limits',
      pull: 'upload-signature-with-quota',
      full: 'upload-signature-with-quota',
    };
    const signing = templateOf(name)
      .functions()
      .find(({ id }) => id === 'UploadSignature');
    expect(signing?.handler).toBe(`functions/${files[name]}.handler`);
  });

  test('logs are kept for 14 days in dev and for 90 days in prod', () => {
    const groups = templateOf(name).ofType('AWS::Logs::LogGroup');
    expect(groups).toHaveLength(templateOf(name).functions().length + 1);
    for (const group of groups) expect(group['RetentionInDays']).toBe(isProd ? 90 : 14);
  });

  test("functions log their own lines, without Lambda's START, END and REPORT", () => {
    const functions = templateOf(name).ofType('AWS::Lambda::Function');
    expect(functions).not.toEqual([]);
    for (const { LoggingConfig } of functions) {
      expect(LoggingConfig).toEqual({ LogFormat: 'JSON', SystemLogLevel: 'WARN' });
    }
  });
});

/** @throws Error when the function is not deployed */
function environmentOf(template: TemplateReader, id: string): Environment {
  const found = template.functions().find((one) => one.id === id);
  if (!found) throw new Error(`Cannot find the function ${id} in the template`);
  return found.environment;
}

test('the functions of features get the values of their parameters', () => {
  const template = templateOf('full');
  const limits = {
    maxBytes: 1_073_741_824,
    maxSeconds: 600,
    allowedCategories: ['Video', 'Audio'],
    uploadsPerDay: 20,
    rejectAction: 'forbid',
  };
  const changed = uploadChangedConfig(environmentOf(template, 'UploadChanged'));
  expect(changed).toMatchObject({ limits, writeKeyParameter: '/dev/write-key' });
  const reconcile = environmentOf(template, 'Reconcile');
  expect(reconcileConfig(reconcile)).toMatchObject({ limits });
  expect(reconcile).not.toHaveProperty('VOD_WRITE_KEY_PARAMETER');
  const { maxSeconds: _, rejectAction: __, ...early } = limits;
  expect(limitsConfig(environmentOf(template, 'UploadSignature'))).toEqual(early);
  expect(readUploadsConfig(environmentOf(template, 'Uploads'))).toMatchObject({ showsUrls: false });
  expect(deleteUploadConfig(environmentOf(template, 'DeleteUpload'))).toMatchObject({
    keyParameter: '/dev/write-key',
    showsUrls: false,
  });
  expect(playbackFunctionConfig(environmentOf(template, 'Playback'))).toMatchObject({
    playback: { appId: 1_500_000_002, seconds: 600, content: { audioVideoType: 'Transcode', definition: 100_030 } },
    playerKeyParameter: '/dev/player-key',
    urlKeyParameter: '/dev/url-key',
  });
});

test('the functions of a deploy without features enforce no limit, show URLs and read no write key', () => {
  const template = templateOf('dev');
  const { limits, writeKeyParameter } = uploadChangedConfig(environmentOf(template, 'UploadChanged'));
  expect({ limits, writeKeyParameter }).toEqual({ limits: { allowedCategories: [] }, writeKeyParameter: undefined });
  expect(reconcileConfig(environmentOf(template, 'Reconcile')).limits).toEqual(limits);
  expect(limitsConfig(environmentOf(template, 'UploadSignature'))).toEqual(limits);
  expect(readUploadsConfig(environmentOf(template, 'Uploads'))).toMatchObject({ showsUrls: true });
});

test('a URL key alone switches playback on, for the application of VOD_SUB_APP_ID', () => {
  expect(playbackFunctionConfig(environmentOf(templateOf('pull'), 'Playback'))).toMatchObject({
    playback: { appId: 1_500_000_001, seconds: 3600, content: { audioVideoType: 'Original' } },
    playerKeyParameter: undefined,
    urlKeyParameter: '/prod/url-key',
  });
});
