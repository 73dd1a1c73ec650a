// playvideo.qcloud.com, from which the vendor's players request the URLs of a file. The response is not documented: its
// format is the one that their open-source demos parse (PlayInfoParserV4 of SuperPlayer).
import { randomBytes } from 'node:crypto';
import { signUrl, type UrlAccess } from './hotlink';
import { allowAnyOrigin, replyJson, type Call } from './http';
import type { Library } from './library';
import { PlayError } from './play-error';
import type { PlaybackKeys } from './playback-keys';
import type { Procedures } from './procedures';
import { verifyPsign, type Psign } from './psign';
import { APP_ID, type Media, type State } from './state';

const PATH = /^\/getplayinfo\/v4\/(\d+)\/(\d+)$/;

interface PlayDeps {
  readonly state: State;
  readonly library: Library;
  readonly procedures: Procedures;
  readonly playbackKeys: PlaybackKeys;
  readonly now: () => number;
  readonly log: (line: string) => void;
}

/** GET /getplayinfo/v4/{appId}/{fileId}?psign=... The status is always 200; a `code` other than 0 is a refusal. */
export function handlePlayInfo(call: Call, deps: PlayDeps): void {
  if (allowAnyOrigin(call)) return;
  const common = { requestId: randomBytes(16).toString('hex'), version: 4, context: '', warning: '' };
  try {
    const media = playInfo(call, deps);
    replyJson(call.response, 200, { code: 0, message: '', ...common, media });
  } catch (error) {
    if (!(error instanceof PlayError)) throw error;
    const { code, message } = error;
    deps.log(`getplayinfo: ${code}: ${message}`);
    replyJson(call.response, 200, { code, message, ...common });
  }
}

function playInfo(call: Call, deps: PlayDeps): object {
  const { state, library, playbackKeys, now } = deps;
  const [, appId, fileId] = PATH.exec(call.path) ?? [];
  if (fileId === undefined || call.method !== 'GET') {
    throw new PlayError('wrongRequest', 'The request must be GET /getplayinfo/v4/{appId}/{fileId}?psign={psign}');
  }
  if (appId !== String(APP_ID)) throw new PlayError('wrongAppId', `There is no application ${appId ?? ''}`);
  const psign = verifyPsign(call.query.get('psign') ?? '', playbackKeys, fileId, now());
  const media = state.media.get(fileId);
  if (!media) throw new PlayError('noFile', `There is no file ${fileId}`);
  const { exper = 0 } = psign.urlAccess;
  if (media.duration !== undefined && exper > media.duration) {
    throw new PlayError('wrongPreview', `urlAccessInfo.exper must be at most the duration, ${media.duration} s`);
  }
  const sign = (url: string): string => withAccess(url, psign.urlAccess, playbackKeys);
  return {
    basicInfo: {
      name: media.name,
      size: media.size,
      duration: Math.round(media.duration ?? 0),
      description: '',
      coverUrl: media.coverKey && sign(library.url(media.coverKey)),
    },
    audioVideoType: psign.audioVideoType,
    ...contentOf(deps, media, psign, sign),
  };
}

function contentOf(
  { library, procedures }: PlayDeps,
  media: Media,
  { audioVideoType, transcodeDefinition }: Psign,
  sign: (url: string) => string,
): object {
  if (audioVideoType === 'Original') {
    if (media.isOriginalDeleted === true) throw new PlayError('noFile', 'The original of this file was deleted');
    return { originalInfo: { url: sign(library.url(media.key)) } };
  }
  if (audioVideoType === 'Transcode') {
    const output = procedures.transcodedOutputs(media).find(({ Definition }) => Definition === transcodeDefinition);
    if (!output) {
      throw new PlayError('other', `The file has no output of the transcoding template ${transcodeDefinition ?? ''}`);
    }
    return { transcodeInfo: { url: sign(output.Url) } };
  }
  throw new PlayError('noAdaptiveStream', 'The local VOD makes no adaptive streams: use Original or Transcode');
}

/** A psign without `t` cannot be followed by a URL that plays while Key hotlink protection is on. */
function withAccess(url: string, { t, ...access }: Partial<UrlAccess>, keys: PlaybackKeys): string {
  const [key] = keys.url;
  return key === undefined || t === undefined ? url : signUrl(url, { t, ...access }, key);
}
