import type { Queue } from '../../support/deploy/template';
import { describeEach, FULL, packaged, PROD, templateOf } from './packages';

describeEach(({ name, isProd }) => {
  test('serverless package needs neither credentials nor a network, and for dev only the values of .env.example', () => {
    expect(packaged(name).run).toEqual({ code: 0, stdout: '' });
  });

  test('the template names no AWS partition and no host but service principals, so that it deploys in every partition', () => {
    const text = JSON.stringify(templateOf(name).resources)
      .replaceAll(PROD.ALARM_TOPIC_ARN, '')
      .replaceAll(FULL.ALARM_TOPIC_ARN, '');
    expect(text).not.toMatch(/arn:aws/);
    const hosts = text.match(/[\w.-]*amazonaws\.com[\w.]*/g) ?? [];
    expect(hosts.filter((host) => !/^(lambda|apigateway|events)\.amazonaws\.com$/.test(host))).toEqual([]);
  });

  test('resources depend on existing resources only', () => {
    const { resources } = templateOf(name);
    const needed = Object.values(resources).flatMap((resource) => resource.DependsOn ?? []);
    expect(needed.filter((id) => !Object.hasOwn(resources, id))).toEqual([]);
  });

  test('A19: a deploy has no log group but those of its functions and one of /aws/vendedlogs/, and no queue name', () => {
    const template = templateOf(name);
    const names = template.ofType('AWS::Logs::LogGroup').map(({ LogGroupName }) => String(LogGroupName));
    const stage = isProd ? 'prod' : 'dev';
    const prefix = `vod-client-upload-${stage}`;
    expect(names.filter((group) => !group.startsWith(`/aws/lambda/${prefix}-`))).toEqual([`/aws/vendedlogs/${prefix}`]);
    for (const queue of template.ofType<Queue>('AWS::SQS::Queue')) expect(queue).not.toHaveProperty('QueueName');
  });
});
