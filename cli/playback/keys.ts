/** The keys that a psign or a Key URL is verified with; empty or absent where they are unknown. */
export interface PlaybackKeys {
  /** 播放密钥, the one for new signatures first. */
  readonly playerKeys: readonly string[];
  /** The key of Key hotlink protection (Key 防盗链), the one for new signatures first. */
  readonly urlKeys: readonly string[];
  /** VOD's key pair, which signs uploads and must not sign playback. */
  readonly secretId?: string | undefined;
  readonly secretKey?: string | undefined;
  /** VOD's application id. */
  readonly appId?: number | undefined;
}
