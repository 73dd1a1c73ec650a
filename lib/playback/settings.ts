import type { PlaybackContent } from './playback';
import { AUDIO_VIDEO_TYPES } from './psign';

export interface PlaybackSettings {
  /** VOD's application id; absent where PLAYBACK_APP_ID is empty. */
  readonly appId: number | undefined;
  readonly content: PlaybackContent;
  /** Lifetime of a playback. */
  readonly seconds: number;
}

/** Lifetime of a playback, in seconds. */
const MIN_SECONDS = 60;
const MAX_SECONDS = 604_800;

/**
 * Parses the PLAYBACK_ parameters of a deploy, for the function and for the command line.
 *
 * @param value returns a parameter's value, '' for an empty one
 * @throws Error with a message that begins with the name of the parameter
 */
export function parsePlaybackSettings(value: (name: string) => string): PlaybackSettings {
  const type = value('PLAYBACK_CONTENT');
  const audioVideoType = AUDIO_VIDEO_TYPES.find((known) => known === type);
  if (!audioVideoType) {
    throw new Error(`PLAYBACK_CONTENT must be one of: ${AUDIO_VIDEO_TYPES.join(', ')}, not "${type}"`);
  }
  const definition = optionalId('PLAYBACK_DEFINITION', value);
  const seconds = value('PLAYBACK_SECONDS');
  if (!isInteger(seconds, MIN_SECONDS, MAX_SECONDS)) {
    const rule = `must be a whole number from ${MIN_SECONDS} to ${MAX_SECONDS}`;
    throw new Error(`PLAYBACK_SECONDS ${rule}, not "${seconds}"`);
  }
  return {
    appId: optionalId('PLAYBACK_APP_ID', value),
    content: { audioVideoType, ...(definition !== undefined && { definition }) },
    seconds: Number(seconds),
  };
}

function optionalId(name: string, value: (name: string) => string): number | undefined {
  const text = value(name);
  if (text === '') return undefined;
  if (isInteger(text, 1, Number.MAX_SAFE_INTEGER)) return Number(text);
  throw new Error(`${name} must be a whole number from 1, or empty, not "${text}"`);
}

function isInteger(text: string, min: number, max: number): boolean {
  return /^(0|[1-9]\d*)$/.test(text) && Number(text) >= min && Number(text) <= max;
}
