import { startColdAccount, type TimedResponse, type ColdAccount } from '../support/cold-starts';

// A burst of new instances over SSM's 40 calls a second, in simulated time: all durations are of that time.

const INSTANCES = 300;
/** The most that a caller waits, in milliseconds. */
const PATIENCE = 6_000;
const SEEDS = [1, 2];

const many = <T>(count: number, call: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => call(index)));
const deliverAll = (account: ColdAccount) => many(INSTANCES, (index) => account.deliver(String(1_000 + index)));

const flood = (account: ColdAccount, query: string) =>
  many(1_000, (index) => account.post(String(9_000 + index), query));

function expectPrompt(responses: readonly TimedResponse[]): void {
  for (const { status, headers, took } of responses) {
    expect(took).toBeLessThanOrEqual(PATIENCE);
    expect([200, 503]).toContain(status);
    if (status === 503) expect(headers).toMatchObject({ 'retry-after': '2' });
  }
}

describe.each(SEEDS)('A4: 300 instances that start at once over 40 calls of SSM a second (seed %i)', (seed) => {
  test('A4: every request for a signature gets its response within 6 s: most 200, the others 503 with Retry-After', async () => {
    const account = startColdAccount({ seed });
    const responses = await account.time.run(many(INSTANCES, account.sign));
    expectPrompt(responses);
    // All that SSM gives in six seconds is used.
    expect(responses.filter(({ status }) => status === 200)).toHaveLength(240);
  });

  test('A4: a caller that retries as Retry-After says gets a signature with the second response', async () => {
    const account = startColdAccount({ seed });
    const responses = await account.time.run(many(INSTANCES, account.signWithRetries));
    expectPrompt(responses.flat());
    expect(responses.map((own) => own.at(-1)?.status)).toEqual(responses.map(() => 200));
    expect(Math.max(...responses.map((own) => own.length))).toBe(2);
  });

  test('A4: no event is lost: VOD sends an event again that gets no response in 5 s', async () => {
    const account = startColdAccount({ seed });
    await account.time.run(deliverAll(account));
    expect(account.store.ids()).toHaveLength(INSTANCES);
    expect(account.ssm.counts.throttled).toBeGreaterThan(0);
  });

  test('A4: no event is lost and every caller gets a signature when both come at once', async () => {
    const account = startColdAccount({ seed });
    const [responses] = await account.time.run(
      Promise.all([many(INSTANCES, account.signWithRetries), deliverAll(account)]),
    );
    expectPrompt(responses.flat());
    expect(responses.map((own) => own.at(-1)?.status)).toEqual(responses.map(() => 200));
    expect(account.store.ids()).toHaveLength(INSTANCES);
  });

  test('A4: an SSM that takes 2 s for each call delays responses, and no event is lost', async () => {
    const account = startColdAccount({ seed, latency: 2_000 });
    const [responses] = await account.time.run(
      Promise.all([many(30, account.sign), many(30, (id) => account.deliver(`${id}`))]),
    );
    expectPrompt(responses);
    expect(account.store.ids()).toHaveLength(30);
  });
});

describe.each(SEEDS)('H7: 1 000 posts without a credential among 300 callers and 300 events (seed %i)', (seed) => {
  const run = async (query: string) => {
    const account = startColdAccount({ seed });
    const [posts, responses] = await account.time.run(
      Promise.all([flood(account, query), many(INSTANCES, account.signWithRetries), deliverAll(account)]),
    );
    expectPrompt(responses.flat());
    expect(account.store.ids()).toHaveLength(INSTANCES);
    return { account, posts, responses };
  };

  test('H7: without a token, signing and events work as without these posts', async () => {
    const { responses } = await run('');
    const firstSignatures = responses.filter(([first]) => first?.status === 200).length;
    expect(firstSignatures).toBeGreaterThanOrEqual(INSTANCES / 2);
    expect(Math.max(...responses.map((own) => own.length))).toBeLessThanOrEqual(2);
  });

  test('H7: with a well-formed wrong token, a third of the callers gets a signature with the first response, all with the second', async () => {
    const { posts, responses } = await run('token=a-token-of-another-sender');
    const firstSignatures = responses.filter(([first]) => first?.status === 200).length;
    expect(firstSignatures).toBeGreaterThanOrEqual(INSTANCES / 3);
    expect(Math.max(...responses.map((own) => own.length))).toBe(2);
    // None is accepted.
    for (const { status } of posts) expect([401, 500]).toContain(status);
  });
});

test('A4: with an SSM that throttles every call, the log names the type and the ids of each event that was not recorded', async () => {
  const account = startColdAccount({ seed: 1, callsPerSecond: 0 });
  const response = await account.time.run(account.postEvent('5285890784273533167'));
  expect(response).toMatchObject({ status: 500 });
  // Longer than VOD waits, so that VOD sends the event again.
  expect(response.took).toBeGreaterThan(5_000);
  expect(response.took).toBeLessThanOrEqual(PATIENCE);
  expect(account.lines).toContainEqual({
    level: 'error',
    requestId: expect.any(String),
    outcome: 'error',
    eventType: 'NewFileUpload',
    fileIds: ['5285890784273533167'],
    taskIds: [],
    error: 'ServiceError',
    reason: 'Cannot read secrets: SSM returned 400 ThrottlingException',
  });
  expect(account.store.ids()).toEqual([]);
});

test('A4: 1 000 callers at once all get a signature, at the latest with the fourth response', async () => {
  const account = startColdAccount({ seed: 1 });
  const responses = await account.time.run(many(1_000, account.signWithRetries));
  expectPrompt(responses.flat());
  expect(Math.max(...responses.map((own) => own.length))).toBeLessThanOrEqual(4);
});

test.each([
  ['no token', ''],
  ['an empty token', 'token='],
  ['a token with a comma, which separates values', 'token=a,b'],
  ['a token of blanks', 'token=+++'],
  ['a token that ends with a line break', 'token=abc%0A'],
  ['a token over 4 096 bytes', `token=${'x'.repeat(4_097)}`],
  ['a token with a NUL', 'token=%00'],
])('H7: a post with %s gets 401 at once, without a call of SSM', async (_, query) => {
  const account = startColdAccount({ seed: 1 });
  const posts = await account.time.run(flood(account, query));
  expect(new Set(posts.map(({ status, took }) => `${status ?? ''} ${took}`))).toEqual(new Set(['401 0']));
  expect(account.ssm.counts).toEqual({ accepted: 0, throttled: 0 });
});
