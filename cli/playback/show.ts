/** Longest value that is shown whole, in characters. */
const MAX_SHOWN = 200;

/** Formats a value of another program as JSON, shortened where it is long. */
export function show(value: unknown): string {
  let text: string;
  try {
    text = JSON.stringify(value);
  } catch {
    text = 'a value that is nested too deeply';
  }
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text;
}

/** Whether a time since 1970 must be milliseconds: as seconds it would be after the year 5138. */
export function isMilliseconds(time: number): boolean {
  return time >= 1e11;
}

export function isoTime(seconds: number): string {
  const time = new Date(seconds * 1000);
  return Number.isNaN(time.getTime()) ? `${seconds} s after 1970` : time.toISOString();
}

/** `until <time> (<minutes> min)`. */
export function describeExpiry(seconds: number, nowSeconds: number): string {
  return `until ${isoTime(seconds)} (${Math.ceil((seconds - nowSeconds) / 60)} min)`;
}
