/**
 * Draws a `random` that this instance has not used in the given second: without it, two requests of one second and one
 * body could get the same one-time signature, of which VOD takes only the first (266/9221).
 *
 * @param draw answers an integer from 0 to 2^32 - 1, from a CSPRNG
 */
export function uniqueRandom(draw: () => number): (second: number) => number {
  let latest = 0;
  const used = new Set<number>();
  return (second) => {
    // A clock that was set back must not make the randoms of a second available again.
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
