import { rm } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { vod } from '../support/cli/cli';
import { serve } from '../support/serve';
import { startTestRun, temporaryFolder, type TestRun } from '../support/local';

// The command, at what `npm start` runs and at a stand-in for Lambda that runs the same function.

let dataDir: string;
let run: TestRun;
let lambda: Awaited<ReturnType<typeof serve>>;
/** The requests to the stand-in: path and event. */
let invocations: { readonly path: string; readonly event: unknown }[] = [];
/** The response of the fake Lambda; if undefined, the response of the local function. */
let fakeResponse:
  { readonly status: number; readonly headers: Record<string, string>; readonly body: string } | undefined;
const awsBefore = { ...process.env };

beforeAll(async () => {
  dataDir = await temporaryFolder();
  // No callback arrives: only reconcile can find the files.
  run = await startTestRun({ dataDir, schedules: false });
  run.vod.setFaults({ drop: 1 });
  lambda = await serve((request, response) => {
    void text(request).then(async (body) => {
      invocations.push({ path: request.url ?? '', event: JSON.parse(body) });
      const { status, headers, body: result } = fakeResponse ?? (await runLocally(body));
      response.writeHead(status, headers).end(result);
    });
  });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_LAMBDA: lambda.url,
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
  });
});

afterAll(async () => {
  process.env = awsBefore;
  await lambda.close();
  await run.stop();
  await rm(dataDir, { recursive: true });
});

beforeEach(() => {
  invocations = [];
  fakeResponse = undefined;
});

async function runLocally(body: string) {
  const response = await fetch(`${run.url}/local/run/reconcile`, { method: 'POST', body });
  return { status: response.status, headers: {}, body: await response.text() };
}

const put = (name: string) => run.vod.put({ name, type: 'mp4', size: 1000, sourceContext: '' }).fileId;
const rowOf = async (fileId: string) => (await run.rows()).find((row) => row['fileId'] === fileId);

test('reconcile --local fills in the row of a lost event, and prints its findings', async () => {
  const fileId = put('lost');
  const { code, out } = await vod(['reconcile', '--local'], { DATA_DIR: dataDir });
  expect([code, out]).toEqual([0, expect.stringMatching(/^rows +1 filled, 0 confirmed, .*\nexamined .*\nfinished$/)]);
  expect(await rowOf(fileId)).toMatchObject({ status: 'ready', trust: 'confirmed', name: 'lost' });
});

test('reconcile --stage invokes the stage’s function once, and prints its findings', async () => {
  const fileId = put('deployed');
  const { code, out } = await vod(['reconcile', '--stage', 'prod']);
  expect([code, out]).toEqual([0, expect.stringMatching(/^rows +1 filled, .*\nfinished$/s)]);
  expect(await rowOf(fileId)).toMatchObject({ status: 'ready', trust: 'confirmed' });
  expect(invocations).toEqual([
    {
      path: expect.stringMatching(/\/functions\/vod-client-upload-prod-reconcile\/invocations$/),
      event: { acceptDeletions: false },
    },
  ]);
});

test('reconcile --accept-deletions passes the permission to the function', async () => {
  expect((await vod(['reconcile', '--accept-deletions'])).code).toBe(0);
  expect(invocations).toMatchObject([{ event: { acceptDeletions: true } }]);
});

test('reconcile --json prints the return value of the function', async () => {
  const { code, out } = await vod(['reconcile', '--json']);
  expect([code, JSON.parse(out)]).toEqual([0, expect.objectContaining({ finished: true, filled: 0, hidden: [] })]);
});

test('reconcile reports unfinished work and failures', async () => {
  const summary = {
    finished: false,
    filled: 0,
    failed: 20,
    lostEvents: 3,
    examined: {},
    hidden: ['2026-11-22T08:00:00.000Z'],
  };
  fakeResponse = { status: 200, headers: {}, body: JSON.stringify(summary) };
  const { code, out } = await vod(['reconcile']);
  expect(code).toBe(0);
  expect(out).toMatch(/^lost +3 files/m);
  expect(out).toMatch(/^failed +20 files/m);
  expect(out).toContain('SearchMedia does not return all files created at 2026-11-22T08:00:00.000Z');
  expect(out).toMatch(/not finished: the next run resumes here$/);
});

test.each([
  [
    'the function throws',
    200,
    { 'x-amz-function-error': 'Unhandled' },
    '{"errorType":"Error","errorMessage":"Cannot reconcile (recent): see the lines with reconcile-failed"}',
    'Cannot reconcile (recent)',
  ],
  [
    'the function does not exist',
    404,
    { 'x-amzn-errortype': 'ResourceNotFoundException' },
    '{"Message":"Function not found"}',
    'the function does not exist, deploy again',
  ],
  [
    'the caller may not invoke it',
    403,
    { 'x-amzn-errortype': 'AccessDeniedException' },
    '{"Message":"not authorized"}',
    'the AWS credentials lack lambda:InvokeFunction',
  ],
  ['Lambda fails', 500, { 'x-amzn-errortype': 'ServiceException' }, '{"Message":"busy"}', 'busy'],
])('reconcile exits 1 with the reason, after one invocation, when %s', async (_, status, headers, body, reason) => {
  fakeResponse = { status, headers: { ...headers }, body };
  expect(await vod(['reconcile'])).toMatchObject({ code: 1, out: '', err: expect.stringContaining(reason) });
  expect(invocations).toHaveLength(1);
});
