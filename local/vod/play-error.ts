/**
 * Codes of playvideo.qcloud.com, each with the explanation of the vendor's Web player (TCPlayer, 266/33977). Nothing else
 * documents which refusal has which code.
 */
export const PLAY_CODES = {
  /** "The media file does not exist"; 10008 has the same explanation. */
  noFile: 1001,
  /** "The trial duration is illegal" */
  wrongPreview: 1002,
  /** "The license has expired. Please check whether the expiration time setting is reasonable" */
  expired: 1004,
  /** "Did not find an adaptive stream that can be played" */
  noAdaptiveStream: 1005,
  /** "Invalid request format" */
  wrongRequest: 1006,
  /** "AppID is not exist" */
  wrongAppId: 1007,
  /** "Without anti-leech information" */
  noPsign: 1008,
  /** "psign check failed" */
  wrongPsign: 1009,
  /** "Other errors" */
  other: 1010,
} as const;

/** A refusal of playvideo.qcloud.com. */
export class PlayError extends Error {
  override readonly name = 'PlayError';
  readonly code: number;

  constructor(code: keyof typeof PLAY_CODES, message: string) {
    super(message);
    this.code = PLAY_CODES[code];
  }
}
