/** The account's keys for playback. All keys of a list are accepted, so that a key can be replaced while URLs are in use. */
export interface PlaybackKeys {
  /** Player keys (播放密钥), which sign psigns; none: no psign is valid. */
  readonly player: readonly string[];
  /** Keys of Key hotlink protection (Key 防盗链); none: it is switched off. */
  readonly url: readonly string[];
}

/** Each text holds keys separated by commas, the current one first; '' for none. */
export function parsePlaybackKeys(playerKey = '', urlKey = ''): PlaybackKeys {
  return { player: splitKeys(playerKey), url: splitKeys(urlKey) };
}

function splitKeys(text: string): string[] {
  const keys = text.split(',').map((key) => key.trim());
  return keys.filter((key) => key !== '');
}
