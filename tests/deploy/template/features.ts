import {
  describeEach,
  FEATURE_RESOURCES,
  FEATURES,
  omitDescriptions,
  templateOf,
  type Feature,
  type PackageName,
} from './packages';

describeEach(({ name, has }) => {
  test('a deploy has exactly the resources of the features that are on, and mentions no other feature', () => {
    const { resources, outputs } = templateOf(name);
    const known = Object.values(FEATURE_RESOURCES).flat();
    const wanted = FEATURES[name].flatMap((feature): readonly string[] => FEATURE_RESOURCES[feature]);
    expect(known.filter((id) => Object.hasOwn(resources, id)).sort()).toEqual([...wanted].sort());
    const text = JSON.stringify({ resources, outputs }, omitDescriptionsAndEnvironment);
    const off = (Object.keys(FEATURE_RESOURCES) as Feature[]).filter((feature) => !has(feature));
    expect(off.filter((feature) => new RegExp(feature, 'i').test(text))).toEqual([]);
  });
});

test('a deploy with every feature and a function URL lacks the resources of the events route only', () => {
  const [plain, full] = (['dev', 'full'] as const).map((name) => Object.keys(templateOf(name).resources));
  expect(plain?.filter((id) => !full?.includes(id)).sort()).toEqual([
    'HttpApiIntegrationVodEvents',
    'HttpApiRoutePostVodDashevents',
    'VodEventsLambdaPermissionHttpApi',
  ]);
  const url = ['VodEventsLambdaFunctionUrl', 'VodEventsLambdaPermissionFn', 'VodEventsLambdaPermissionFnUrl'];
  const added = [...Object.values(FEATURE_RESOURCES).flat(), ...url];
  expect(full?.filter((id) => !plain?.includes(id)).sort()).toEqual(added.sort());
});

test('EVENT_MODE=pull deploys nothing of the webhook, and EVENT_MODE=push nothing that pulls', () => {
  const features: readonly string[] = Object.values(FEATURE_RESOURCES).flat();
  const [pushed, pulled] = (['prod', 'pull'] as const).map((name) =>
    Object.keys(templateOf(name).resources).filter((id) => !features.includes(id)),
  );
  const onlyPushed = pushed?.filter((id) => !pulled?.includes(id)) ?? [];
  const onlyPulled = pulled?.filter((id) => !pushed?.includes(id)) ?? [];
  expect(onlyPushed.filter((id) => !/VodEvents|VodDashevents/.test(id))).toEqual([]);
  expect(onlyPulled.filter((id) => !id.startsWith('PullEvents'))).toEqual([]);
  const withoutTexts = (name: PackageName) => {
    const { resources, outputs } = templateOf(name);
    return JSON.stringify({ ...resources, ...outputs }, omitDescriptions);
  };
  expect(withoutTexts('pull')).not.toMatch(/vod-?events|callback/i);
  for (const name of ['dev', 'prod', 'full'] as const) expect(withoutTexts(name)).not.toMatch(/pull-?events/i);
});

/** Variables of a feature that is off are empty, or have its parameter's default. */
function omitDescriptionsAndEnvironment(name: string, value: unknown): unknown {
  return name === 'Environment' ? undefined : omitDescriptions(name, value);
}
