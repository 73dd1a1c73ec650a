import { describeEach, templateOf } from './packages';

describeEach(({ name, isPulled, has }) => {
  test('the API authenticates app users on every route but that of VOD, throttles each, and logs neither headers nor queries', () => {
    const template = templateOf(name);
    const rates: Record<string, number> = {
      'POST /upload-signature': name === 'full' ? 70 : 50,
      'GET /uploads': 500,
      'GET /uploads/{fileId}': 500,
      ...(has('deleteUpload') && { 'DELETE /uploads/{fileId}': 50 }),
      ...(has('playback') && { 'GET /uploads/{fileId}/playback': 500 }),
      ...(!isPulled && name !== 'full' && { 'POST /vod-events': 200 }),
    };
    const authorizers = Object.keys(rates).map((key) => [
      key,
      key === 'POST /vod-events' ? 'NONE' : 'JWT HttpApiAuthorizerAppUsers',
    ]);
    expect(template.routes()).toEqual(Object.fromEntries(authorizers));
    const settings = Object.entries(rates).map(([key, rate]) => [
      key,
      { ThrottlingRateLimit: rate, ThrottlingBurstLimit: 2 * rate, DetailedMetricsEnabled: true },
    ]);
    const stage = template.properties('HttpApiStage');
    expect(stage['DefaultRouteSettings']).toEqual({ DetailedMetricsEnabled: true });
    expect(stage['RouteSettings']).toEqual(Object.fromEntries(settings));
    // AWS refuses the settings of a route that does not exist yet.
    const { DependsOn: needed = [] } = template.resources['HttpApiStage'] ?? {};
    const existing = [needed].flat().map((id) => template.resources[id]?.Properties['RouteKey']);
    expect(existing).toEqual(expect.arrayContaining(Object.keys(rates)));
    expect(JSON.stringify(stage['AccessLogSettings'])).not.toMatch(/authori|header|querystring|\$context\.path/i);
  });
});

test('the API accepts tokens of the stage’s issuer and audiences, and pages of its origins, if it has any', () => {
  const dev = templateOf('dev');
  const prod = templateOf('prod');
  for (const [template, Issuer, Audience] of [
    [dev, 'https://login.example.com/', ['my-app']],
    [prod, 'https://id.example.net/pool', ['web', 'ios']],
  ] as const) {
    expect(template.properties('HttpApiAuthorizerAppUsers')).toMatchObject({
      AuthorizerType: 'JWT',
      IdentitySource: ['$request.header.Authorization'],
      JwtConfiguration: { Issuer, Audience },
    });
  }
  expect(dev.properties('HttpApi')['CorsConfiguration']).toEqual({
    AllowOrigins: ['http://localhost:3000'],
    AllowMethods: ['GET', 'POST', 'DELETE'],
    AllowHeaders: [
      'authorization',
      'content-type',
      'if-none-match',
      'traceparent',
      'tracestate',
      'baggage',
      'sentry-trace',
    ],
    ExposeHeaders: ['www-authenticate', 'retry-after', 'etag'],
    MaxAge: 7200,
  });
  expect(prod.properties('HttpApi')).not.toHaveProperty('CorsConfiguration');
});
