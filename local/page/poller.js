/** The pause after a change, and the longest one, in milliseconds. */
const FIRST_PAUSE = 500;
const MAX_PAUSE = 10_000;

/**
 * Asks again and again while it is needed: soon after a change, and each time after twice the pause while nothing changes.
 *
 * @param {() => boolean} isNeeded
 * @param {() => Promise<boolean>} ask resolves to whether something changed
 */
export function createPoller(isNeeded, ask) {
  let pause = FIRST_PAUSE;
  let isAsking = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** To be called when it may be needed again. */
  function wake() {
    pause = FIRST_PAUSE;
    schedule();
  }

  function schedule() {
    clearTimeout(timer);
    if (!isAsking && isNeeded()) timer = setTimeout(run, pause);
  }

  async function run() {
    isAsking = true;
    pause = Math.min(2 * pause, MAX_PAUSE);
    if (await ask()) pause = FIRST_PAUSE;
    isAsking = false;
    schedule();
  }

  return { wake };
}
