import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { postCallback } from '../../cli/callback/request';
import { inOneLine, printable } from '../../cli/terminal/printable';
import { vod } from '../support/cli/cli';
import { serve } from '../support/serve';

// `send` prints what a server returns, and any server may be the target.

type Listener = Parameters<typeof serve>[0];

async function sendTo(listener: Listener) {
  const server = await serve(listener);
  try {
    return await vod(['send', 'FileDeleted', '--url', `${server.url}/x?token=of-the-url`]);
  } finally {
    await server.close();
  }
}

/** Writes until the client leaves; returns how many bytes it took. */
function endless(chunk: Buffer): { readonly listener: Listener; readonly sent: () => number } {
  let sent = 0;
  return {
    sent: () => sent,
    listener: (request, response) => {
      request.resume();
      const write = () => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length;
      };
      response.on('drain', write).on('error', () => undefined);
      response.writeHead(200);
      write();
    },
  };
}

test('H16: send reads 64 KiB of an endless response, and reports this', async () => {
  const { listener, sent } = endless(Buffer.alloc(65_536, 'a'));
  const { code, out } = await sendTo(listener);
  const [, response = '', note] = out.split('\n');
  expect(code).toBe(0);
  expect(response).toBe(`200 ${'a'.repeat(2000)}`);
  expect(note).toBe(
    'The response is not shown completely: its first 2000 characters are shown, only 65536 bytes of it were read',
  );
  expect(sent()).toBeLessThan(64 * 2 ** 20);
});

test('H16: send reads no more of a compressed response than of any other', async () => {
  const bomb = gzipSync(Buffer.alloc(50_000_000));
  const response = await serve((_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
  });
  const { text, cut } = await postCallback(response.url, {}, {}, Date.now());
  await response.close();
  expect([text.length, cut]).toEqual([65_536, 'only 65536 bytes of it were read']);
});

test('H16: send reports a response of exactly 64 KiB as complete', async () => {
  const response = await serve((_request, response) => response.end(Buffer.alloc(65_536, 'b')));
  expect(await postCallback(response.url, {}, {}, Date.now())).toEqual({ status: 200, text: 'b'.repeat(65_536) });
  await response.close();
});

test('H16: send prints the status of a response that is cut off, and reports this', async () => {
  const { code, out } = await sendTo((_request, response) => {
    response.writeHead(401, { 'content-length': '100' });
    response.write('{"title":');
    void sleep(50).then(() => response.destroy());
  });
  expect([code, out]).toEqual([
    1,
    expect.stringMatching(/\n401 \{"title":\nThe response is not shown completely: it was cut off: \w+$/),
  ]);
});

test('H16: send escapes controls, line ends and bidirectional characters of a server', async () => {
  const { out } = await sendTo((_request, response) => {
    response.end(
      '\u001b[2J\u001b]0;title\u0007\r\nok          forged\u202E\u2066\u2028\u200B\u{E0041}\uFEFF\u009B31m\u0000\u007f',
    );
  });
  const [, response] = out.split('\n');
  expect(response).toBe(
    '200 \\u001b[2J\\u001b]0;title\\u0007\\u000d\\u000aok          forged\\u202e\\u2066\\u2028\\u200b\\udb40\\udc41\\ufeff\\u009b31m\\u0000\\u007f',
  );
});

test('H16: send does not show a token in the response, in any encoding', async () => {
  const server = await serve((request, response) => response.end(`no route ${String(request.url)} a b`));
  const token = 'a b+c/=';
  const { text } = await postCallback(`${server.url}/x`, {}, { token }, Date.now());
  await server.close();
  expect(text).not.toContain('c%2F');
});

test('H16: printable returns one line without a character that acts on the terminal', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(printable(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      expect(printable(text).isWellFormed()).toBe(true);
      expect(inOneLine(text)).not.toMatch(/[\r\n\u2028\u2029]/);
    }),
  );
  expect(printable('你好 🎬 é')).toBe('你好 🎬 é');
});

test('H16: printable keeps JSON valid', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(JSON.parse(printable(JSON.stringify({ text })))).toEqual({ text });
    }),
  );
});
