/**
 * @param {number} bytes
 * @param {string} language
 */
export function formatBytes(bytes, language) {
  return inUnit(bytes, language, '');
}

/**
 * @param {number} bytesPerSecond
 * @param {string} language
 */
export function formatSpeed(bytesPerSecond, language) {
  return inUnit(bytesPerSecond, language, '-per-second');
}

/**
 * A time to wait or to watch, in the one or two units that matter.
 *
 * @param {number} seconds
 * @param {string} language
 */
export function formatSeconds(seconds, language) {
  const whole = Math.max(0, Math.ceil(seconds));
  const unit = (/** @type {number} */ value, /** @type {string} */ name) =>
    new Intl.NumberFormat(language, { style: 'unit', unit: name, unitDisplay: 'short' }).format(value);
  if (whole < 60) return unit(whole, 'second');
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${unit(minutes, 'minute')} ${unit(whole % 60, 'second')}`;
  return `${unit(Math.floor(minutes / 60), 'hour')} ${unit(minutes % 60, 'minute')}`;
}

/**
 * Measures speed over the last seconds, so that neither one slow part nor a fast start an hour ago decides it.
 *
 * @param {number} total bytes
 */
export function meter(total, span = 5000) {
  /** @type {{ time: number, loaded: number }[]} */
  let samples = [];
  return {
    /**
     * @param {number} time in milliseconds
     * @param {number} loaded bytes so far
     * @returns {{ speed: number | undefined, remaining: number | undefined }} bytes a second, seconds; unknown at first
     */
    add(time, loaded) {
      const last = samples.at(-1);
      if (last && loaded < last.loaded) samples = []; // begun anew
      samples.push({ time, loaded });
      while (samples.length > 2 && time - samples[0].time > span) samples.shift();
      const first = samples[0];
      if (time - first.time < 500) return { speed: undefined, remaining: undefined };
      const speed = ((loaded - first.loaded) / (time - first.time)) * 1000;
      return { speed, remaining: speed > 0 ? (total - loaded) / speed : undefined };
    },
  };
}

/**
 * @param {number} value
 * @param {string} language
 * @param {'' | '-per-second'} per
 */
function inUnit(value, language, per) {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
  // 999.95 would round to 1000 of its unit
  const power = Math.min(Math.floor(Math.log10(Math.max(value, 1) * 1.00005) / 3), units.length - 1);
  return new Intl.NumberFormat(language, {
    style: 'unit',
    unit: `${units[power]}${per}`,
    unitDisplay: power === 0 && per === '' ? 'long' : 'short',
    maximumFractionDigits: power === 0 ? 0 : 1,
  }).format(value / 1000 ** power);
}
