import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { runs } from '../support/thorough';
import { startWebhook, type Webhook } from '../support/webhook';

// `npm run soak` sends many more; the seed makes a run that failed repeatable.
const BODIES = Number(process.env['SOAK_BODIES'] ?? runs(5_000, 2_000));
const SEED = Number(process.env['SOAK_SEED'] ?? 20261122);

const folder = join(__dirname, '../fixtures/events');
const samples = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as unknown);

const hostile = fc.oneof(
  fc.constantFrom<unknown>(null, true, '', '\ud800', '\u0000', -0, 1e300, -1e308, 5e-324, 2 ** 53 + 2, [], {}),
  fc.constantFrom('x'.repeat(2049), 'x'.repeat(70_000), '文'.repeat(700), '__proto__', 'constructor', 'FINISH', 'FAIL'),
  fc.string({ unit: 'binary' }),
  fc.double(),
  fc.jsonValue(),
);

/** As JSON.parse does it: `__proto__` is a member like another. */
function define(object: object, name = '', value: unknown): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

/** Replaces, removes or adds one member somewhere in a JSON value. */
function mutate(value: unknown, at: number, by: unknown): unknown {
  if (typeof value !== 'object' || value === null) return by;
  const names = Object.keys(value);
  const name = names[at % Math.max(1, names.length)] ?? 'FileId';
  const deeper = Math.floor(at / 7);
  const copy: Record<string, unknown> = { ...(value as Record<string, unknown>) };
  if (at % 11 === 0) Reflect.deleteProperty(copy, name);
  else if (at % 5 === 0) define(copy, ['FileId', 'Status', 'TaskId', 'EventType', '__proto__', 'data'][deeper % 6], by);
  else copy[name] = at % 3 === 0 ? by : mutate(copy[name], deeper, by);
  return Array.isArray(value) ? Object.values(copy) : copy;
}

const mutated = fc
  .tuple(fc.constantFrom(...samples), fc.array(fc.tuple(fc.nat(10_000), hostile), { minLength: 1, maxLength: 4 }))
  .map(([sample, mutations]) => mutations.reduce((value, [at, by]) => mutate(value, at, by), sample))
  .map((value) => Buffer.from(JSON.stringify({ value }).slice('{"value":'.length, -1)));

/** Bytes of a body that were cut, flipped or repeated on the way. */
const garbled = fc.tuple(mutated, fc.nat(), fc.nat(255), fc.nat(3)).map(([bytes, at, byte, kind]) => {
  const middle = at % Math.max(1, bytes.length);
  if (kind === 0) return bytes.subarray(0, middle);
  if (kind === 1) return Buffer.concat([bytes, bytes]);
  const copy = Buffer.from(bytes);
  if (copy.length > 0) copy[middle] = byte;
  return copy;
});

const nested = fc
  .tuple(fc.integer({ min: 1, max: 300_000 }), fc.constantFrom('[', '{"FileUploadEvent":', '{"EventType":'))
  .map(([depth, opening]) => Buffer.from(opening.repeat(depth).slice(0, 1_000_000)));

const bodies = fc.oneof(
  { weight: 60, arbitrary: mutated },
  { weight: 25, arbitrary: garbled },
  { weight: 10, arbitrary: fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: nested },
);

let webhook: Webhook;

beforeAll(async () => {
  webhook = await startWebhook();
});
afterAll(async () => {
  await webhook.stop();
});

test(
  `none of ${BODIES} random and mutated bodies returns 5xx, and no refused one wrote a row`,
  async () => {
    const responses = new Map<number, number>();
    const written = new Set<string>();
    await fc.assert(
      fc.asyncProperty(bodies, fc.boolean(), async (body, base64) => {
        webhook.lines.length = 0;
        const { statusCode = 0 } = await webhook.post(body, { base64 });
        responses.set(statusCode, (responses.get(statusCode) ?? 0) + 1);
        expect([200, 400, 413]).toContain(statusCode);
        const [line] = webhook.lines;
        if (statusCode === 200) for (const fileId of line?.['fileIds'] as string[]) written.add(fileId);
      }),
      { numRuns: BODIES, seed: SEED, endOnFailure: true },
    );
    // A run in which nearly all is refused, or nearly nothing, would show little.
    expect(responses.get(200)).toBeGreaterThan(BODIES / 10);
    expect(responses.get(400)).toBeGreaterThan(BODIES / 10);
    const rows = await webhook.table.rows();
    expect(new Set(rows.map(({ fileId }) => fileId as string))).toEqual(written);
  },
  30 * 60_000,
);
