/**
 * Returns a function that draws a `random` which this instance has not used in the given second (Unix time). With a repeated
 * one, two equal requests of one second would get the same one-time signature, and VOD accepts it once (266/9221).
 *
 * @param draw returns an integer from 0 to 2^32 - 1, from a CSPRNG
 */
export function uniqueRandom(draw: () => number): (second: number) => number {
  let latest = 0;
  const used = new Set<number>();
  return (second) => {
    // A clock that was set back must not make used numbers available again.
    if (second > latest) {
      latest = second;
      used.clear();
    }
    let random = draw();
    while (used.has(random)) random = draw();
    used.add(random);
    return random;
  };
}
