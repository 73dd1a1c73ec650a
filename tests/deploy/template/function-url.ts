import { templateOf } from './packages';

describe('a deploy with EVENTS_ENDPOINT=function-url', () => {
  test('has a public URL of the event function in place of the route', () => {
    expect(templateOf('full').properties('VodEventsLambdaFunctionUrl')).toMatchObject({ AuthType: 'NONE' });
    expect(Object.keys(templateOf('full').routes())).not.toContain('POST /vod-events');
  });

  test('may be invoked by everyone, and through that URL only', () => {
    const permissions = templateOf('full')
      .ofType('AWS::Lambda::Permission')
      .filter((one) => one['Principal'] === '*');
    expect(permissions).toHaveLength(2);
    expect(permissions).toContainEqual(
      expect.objectContaining({ Action: 'lambda:InvokeFunctionUrl', FunctionUrlAuthType: 'NONE' }),
    );
    expect(permissions).toContainEqual(
      expect.objectContaining({ Action: 'lambda:InvokeFunction', InvokedViaFunctionUrl: true }),
    );
  });

  test('accepts EVENTS_RATE requests a second: AWS allows ten for each reserved execution', () => {
    expect(templateOf('full').properties('VodEventsLambdaFunction')['ReservedConcurrentExecutions']).toBe(10);
  });

  test('prints that URL for VOD, and watches its 5xx', () => {
    expect(templateOf('full').outputs['VodEventsUrl']?.Value).toEqual({
      'Fn::Sub': '${VodEventsLambdaFunctionUrl.FunctionUrl}vod-events',
    });
    expect(templateOf('full').properties('VodEvents5xxAlarm')).toMatchObject({
      Namespace: 'AWS/Lambda',
      MetricName: 'Url5xxCount',
      Dimensions: [{ Name: 'FunctionName', Value: { Ref: 'VodEventsLambdaFunction' } }],
    });
  });
});
