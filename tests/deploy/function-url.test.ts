import { copyExampleTo, copyOfTheProject } from '../support/deploy/packaged';
import { TemplateReader } from '../support/deploy/template';

jest.setTimeout(300_000);

describe('a deploy with EVENTS_ENDPOINT=function-url', () => {
  let template: TemplateReader;

  beforeAll(async () => {
    const copy = await copyOfTheProject();
    try {
      await copyExampleTo(copy.directory);
      const variables = { EVENTS_RATE: '95', EVENTS_ENDPOINT: 'function-url' };
      const { code, stdout } = await copy.serverless(['package', '--stage', 'dev'], variables);
      if (code !== 0) throw new Error(`Cannot package: ${stdout}`);
      template = new TemplateReader(await copy.template());
    } finally {
      await copy.remove();
    }
  });

  test('has a public URL of the event function in place of the route', () => {
    expect(template.properties('VodEventsLambdaFunctionUrl')).toMatchObject({ AuthType: 'NONE' });
    const routes = ['POST /upload-signature', 'GET /uploads', 'GET /uploads/{fileId}'];
    expect(Object.keys(template.routes()).sort()).toEqual([...routes].sort());
    expect(Object.keys(template.properties('HttpApiStage')['RouteSettings'] ?? {})).toEqual(routes);
    const ids = Object.keys(template.resources).filter((id) => /^HttpApi.*VodEvents|VodEvents.*HttpApi/.test(id));
    expect(ids).toEqual([]);
  });

  test('may be invoked by everyone, and through that URL only', () => {
    const permissions = template.ofType('AWS::Lambda::Permission').filter((one) => one['Principal'] === '*');
    expect(permissions).toHaveLength(2);
    expect(permissions).toContainEqual(
      expect.objectContaining({ Action: 'lambda:InvokeFunctionUrl', FunctionUrlAuthType: 'NONE' }),
    );
    expect(permissions).toContainEqual(
      expect.objectContaining({ Action: 'lambda:InvokeFunction', InvokedViaFunctionUrl: true }),
    );
  });

  test('accepts EVENTS_RATE requests a second: AWS allows ten for each reserved execution', () => {
    expect(template.properties('VodEventsLambdaFunction')['ReservedConcurrentExecutions']).toBe(10);
  });

  test('prints that URL for VOD, and watches its 5xx', () => {
    expect(template.outputs['VodEventsUrl']?.Value).toEqual({
      'Fn::Sub': '${VodEventsLambdaFunctionUrl.FunctionUrl}vod-events',
    });
    expect(template.properties('VodEvents5xxAlarm')).toMatchObject({
      Namespace: 'AWS/Lambda',
      MetricName: 'Url5xxCount',
      Dimensions: [{ Name: 'FunctionName', Value: { Ref: 'VodEventsLambdaFunction' } }],
    });
  });
});
