import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { isCaller, maxTextBytes, open, seal } from '../../../lib/vod/source-context';

const text = fc.string({ unit: 'binary', maxLength: 80 });
const caller = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 });
const hasProcedure = fc.boolean();

/** A seal of the layout before, which says nothing of a procedure; some are still in VOD. */
function sealOfBefore(content: string, who: string, key: string): string {
  const payload = `${Buffer.byteLength(who)}:${who}:${content}`;
  const mac = createHmac('sha256', key).update(`vcu1:${payload}`).digest('base64url').slice(0, 22);
  return `vcu1:${mac}:${payload}`;
}

describe('seal and open', () => {
  test('a sealed text opens to the caller, the text and whether a procedure was signed, whatever they are', () => {
    fc.assert(
      fc.property(caller, text, hasProcedure, (who, content, signedProcedure) => {
        expect(open(seal(content, who, signedProcedure, 'key'), ['key'])).toEqual({
          seal: 'valid',
          uploader: who,
          signedProcedure,
          ...(content !== '' && { sourceContext: content }),
        });
      }),
    );
  });

  test('a seal of the first layout stays valid and does not contain whether there is a procedure', () => {
    fc.assert(
      fc.property(caller, text, (who, content) => {
        expect(open(sealOfBefore(content, who, 'key'), ['key'])).toEqual({
          seal: 'valid',
          uploader: who,
          ...(content !== '' && { sourceContext: content }),
        });
      }),
    );
  });

  test('an empty caller, which old seals may have, yields no uploader: an index accepts no empty key', () => {
    expect(open(sealOfBefore('order=7', '', 'key'), ['key'])).toEqual({ seal: 'valid', sourceContext: 'order=7' });
  });

  test('text that looks like a seal round-trips', () => {
    const lookalike = seal('order=7', 'another', false, 'another key');
    expect(open(seal(lookalike, 'user-42', false, 'key'), ['key'])).toMatchObject({
      seal: 'valid',
      uploader: 'user-42',
      sourceContext: lookalike,
    });
  });

  test('the same input gives the same seal: the SDK requests up to three signatures for one upload', () => {
    expect(seal('order=7', 'user-42', true, 'key')).toBe(seal('order=7', 'user-42', true, 'key'));
  });

  test("the app's text stays readable, for people who look at it in VOD's console", () => {
    expect(seal('order=7 中文', 'user-42', false, 'key')).toMatch(/^vcu2:[\w-]{22}:7:user-42:order=7 中文$/);
    expect(seal('order=7 中文', 'user-42', true, 'key')).toMatch(/^vcu2:[\w-]{22}:p7:user-42:order=7 中文$/);
  });

  test('text without a marker is kept as it is, and names no uploader', () => {
    expect(open('uid=42', ['key'])).toEqual({ seal: 'none', sourceContext: 'uid=42' });
  });

  test('a seal made with either of two keys opens; with any other it is broken', () => {
    const sealed = seal('order=7', 'user-42', false, 'old');
    expect(open(sealed, ['new', 'old']).seal).toBe('valid');
    expect(open(sealed, ['new'])).toEqual({ seal: 'broken', sourceContext: sealed });
    expect(open(sealed, []).seal).toBe('broken');
  });
});

describe('maxTextBytes', () => {
  test('is exactly how many bytes of text make 250 with the seal, with and without a procedure', () => {
    fc.assert(
      fc.property(caller, hasProcedure, (who, signedProcedure) => {
        const fits = seal('x'.repeat(maxTextBytes(who, signedProcedure)), who, signedProcedure, 'key');
        expect(Buffer.byteLength(fits)).toBe(250);
      }),
    );
  });

  test('leaves room for the longest caller', () => {
    expect(maxTextBytes('x'.repeat(128), true)).toBeGreaterThan(80);
  });
});

describe('isCaller', () => {
  test.each<[string, unknown, boolean]>([
    ['a text', 'user-42', true],
    ['128 bytes', 'x'.repeat(128), true],
    ['129 bytes', 'x'.repeat(129), false],
    ['43 characters of three bytes', '好'.repeat(43), false],
    ['nothing', '', false],
    ['white space', ' \t\u3000', false],
    ['a lone surrogate', '\ud800', false],
    ['a number', 42, false],
    ['null', null, false],
    ['true', true, false],
    ['an array of a text', ['user-42'], false],
  ])('isCaller classifies %s', (_, value, expected) => {
    expect(isCaller(value)).toBe(expected);
  });
});

describe('a changed seal', () => {
  const layouts: readonly (readonly [string, string])[] = [
    ['a seal', seal('order=7', 'user-42', true, 'key')],
    ['a seal of the layout before', sealOfBefore('order=7', 'user-42', 'key')],
  ];

  test.each(layouts)('%s that is cut, or changed in any one character, yields no uploader', (_, sealed) => {
    for (let at = 0; at < sealed.length; at++) {
      expect(open(sealed.slice(0, at), ['key']).uploader).toBeUndefined();
      for (const character of ['0', '1', '2', 'A', 'p', ':', '好']) {
        if (sealed[at] === character) continue;
        const changed = sealed.slice(0, at) + character + sealed.slice(at + 1);
        expect(open(changed, ['key']).uploader).toBeUndefined();
      }
    }
  });

  test('a seal with the marker of the other layout is broken: the MAC covers the layout', () => {
    const sealed = seal('order=7', 'user-42', false, 'key');
    expect(open(sealed.replace('vcu2:', 'vcu1:'), ['key']).seal).toBe('broken');
    expect(open(sealOfBefore('order=7', 'user-42', 'key').replace('vcu1:', 'vcu2:'), ['key']).seal).toBe('broken');
  });

  test('a seal from which the procedure is removed, or to which it is added, is broken', () => {
    const sealed = seal('order=7', 'user-42', true, 'key');
    expect(open(sealed.replace(':p7:', ':7:'), ['key']).seal).toBe('broken');
    expect(open(seal('order=7', 'user-42', false, 'key').replace(':7:', ':p7:'), ['key']).seal).toBe('broken');
  });

  test('a MAC before another caller, text or procedure is a broken seal', () => {
    const parts = fc.tuple(caller, text, hasProcedure);
    fc.assert(
      fc.property(parts, parts, ([who, content, procedure], [other, otherText, otherProcedure]) => {
        fc.pre(who !== other || content !== otherText || procedure !== otherProcedure);
        const [mac] = /^vcu2:[\w-]{22}/.exec(seal(content, who, procedure, 'key')) ?? [''];
        const swapped = mac + seal(otherText, other, otherProcedure, 'key').slice(mac.length);
        expect(open(swapped, ['key'])).toEqual({ seal: 'broken', sourceContext: swapped });
      }),
    );
  });

  test('a moved boundary between caller and text breaks the seal', () => {
    const sealed = seal(':b', 'a', false, 'key');
    expect(open(sealed.replace(':1:a::b', ':2:a::b'), ['key']).seal).toBe('broken');
  });

  test('random text, with a marker or not, yields no uploader', () => {
    const start = fc.constantFrom('', 'vcu1:', 'vcu2:', `vcu2:${'A'.repeat(22)}:p3:`, `vcu1:${'A'.repeat(22)}:3:`);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), start, (rest, marker) => {
        expect(open(marker + rest, ['key']).uploader).toBeUndefined();
      }),
    );
  });
});
