import fc from 'fast-check';
import { open, maxTextBytes, seal } from '../lib/vod/source-context';

const text = fc.string({ unit: 'binary', maxLength: 80 });
const caller = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 });

test('a sealed text opens to the caller and the text that went in, whatever they are', () => {
  fc.assert(
    fc.property(caller, text, (who, said) => {
      const opened = open(seal(said, who, 'key'), ['key']);
      expect(opened).toEqual({ seal: 'valid', uploader: who, ...(said !== '' && { sourceContext: said }) });
    }),
  );
});

test('text that looks like a seal round-trips', () => {
  const lookalike = seal('order=7', 'somebody-else', 'another key');
  expect(open(seal(lookalike, 'user-42', 'key'), ['key'])).toEqual({
    seal: 'valid',
    uploader: 'user-42',
    sourceContext: lookalike,
  });
});

test('the same caller and text give the same sealed value: the SDK asks up to three times for one upload', () => {
  expect(seal('order=7', 'user-42', 'key')).toBe(seal('order=7', 'user-42', 'key'));
});

test("the app's text stays readable, for people who look at it in VOD's console", () => {
  expect(seal('order=7 中文', 'user-42', 'key')).toMatch(/^vcu1:[\w-]{22}:7:user-42:order=7 中文$/);
});

test('room says exactly how many bytes of text make 250 with the seal', () => {
  fc.assert(
    fc.property(caller, (who) => {
      expect(Buffer.byteLength(seal('x'.repeat(maxTextBytes(who)), who, 'key'))).toBe(250);
    }),
  );
});

test('text without the marker is kept as it is, and names nobody', () => {
  expect(open('uid=42', ['key'])).toEqual({ seal: 'none', sourceContext: 'uid=42' });
});

test('a seal made with either of two keys opens; with any other it is broken', () => {
  const sealed = seal('order=7', 'user-42', 'old');
  expect(open(sealed, ['new', 'old']).seal).toBe('valid');
  expect(open(sealed, ['new'])).toEqual({ seal: 'broken', sourceContext: sealed });
});

test('a seal that is cut, or changed in any one character, never yields an uploader', () => {
  const sealed = seal('order=7', 'user-42', 'key');
  for (let at = 0; at < sealed.length; at++) {
    expect(open(sealed.slice(0, at), ['key']).uploader).toBeUndefined();
    for (const character of ['0', 'A', ':', '好']) {
      if (sealed[at] === character) continue;
      const changed = sealed.slice(0, at) + character + sealed.slice(at + 1);
      expect(open(changed, ['key']).uploader).toBeUndefined();
    }
  }
});

test('a seal swapped onto another caller or text never yields an uploader', () => {
  fc.assert(
    fc.property(caller, text, caller, text, (who, said, other, otherText) => {
      fc.pre(who !== other || said !== otherText);
      const [mac] = /^vcu1:[\w-]{22}/.exec(seal(said, who, 'key')) ?? [''];
      const swapped = mac + seal(otherText, other, 'key').slice(mac.length);
      expect(open(swapped, ['key'])).toEqual({ seal: 'broken', sourceContext: swapped });
    }),
  );
});

test('the boundary between caller and text cannot be moved', () => {
  const sealed = seal(':b', 'a', 'key');
  expect(open(sealed.replace(':1:a::b', ':2:a::b'), ['key']).seal).toBe('broken');
});

test('random text, marked or not, never yields an uploader', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('', 'vcu1:', `vcu1:${'A'.repeat(22)}:3:`),
      (rest, start) => {
        expect(open(start + rest, ['key']).uploader).toBeUndefined();
      },
    ),
  );
});
