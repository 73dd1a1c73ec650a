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
 * A duration, in its one or two largest units.
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
  const parts =
    minutes < 60
      ? [unit(minutes, 'minute'), unit(whole % 60, 'second')]
      : [unit(Math.floor(minutes / 60), 'hour'), unit(minutes % 60, 'minute')];
  return new Intl.ListFormat(language, { type: 'unit', style: 'narrow' }).format(parts);
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

/**
 * A time to the millisecond; with the date unless it is today.
 *
 * @param {number} time milliseconds since 1970
 * @param {string} language
 */
export function formatTime(time, language) {
  const date = new Date(time);
  const isToday = date.toDateString() === new Date().toDateString();
  return date.toLocaleString(language, {
    ...(isToday ? {} : { month: 'short', day: 'numeric' }),
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
    hourCycle: 'h23',
  });
}
