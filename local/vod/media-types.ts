// Accepted file types: https://cloud.tencent.com/document/product/266/2846

export type Category = 'Video' | 'Audio' | 'Image';

const VIDEO_TYPES: Readonly<Record<string, string>> = {
  '3gp': 'video/3gpp',
  asf: 'video/x-ms-asf',
  asx: 'video/x-ms-asf',
  avi: 'video/x-msvideo',
  dat: 'video/mpeg',
  f4v: 'video/mp4',
  flv: 'video/x-flv',
  m3u8: 'application/vnd.apple.mpegurl',
  m4v: 'video/mp4',
  mkv: 'video/x-matroska',
  mov: 'video/quicktime',
  mp4: 'video/mp4',
  mp4v: 'video/mp4',
  mpe: 'video/mpeg',
  mpeg: 'video/mpeg',
  mpg: 'video/mpeg',
  mxf: 'application/mxf',
  qt: 'video/quicktime',
  ram: 'audio/x-pn-realaudio',
  rm: 'application/vnd.rn-realmedia',
  rmvb: 'application/vnd.rn-realmedia-vbr',
  ts: 'video/mp2t',
  vob: 'video/mpeg',
  webm: 'video/webm',
  wm: 'video/x-ms-wm',
  wmv: 'video/x-ms-wmv',
};
const AUDIO_TYPES: Readonly<Record<string, string>> = {
  aac: 'audio/aac',
  amr: 'audio/amr',
  flac: 'audio/flac',
  m4a: 'audio/mp4',
  mp3: 'audio/mpeg',
  // The document lists OGG under video and under audio.
  ogg: 'audio/ogg',
  ra: 'audio/x-pn-realaudio',
  wav: 'audio/wav',
};
const IMAGE_TYPES: Readonly<Record<string, string>> = {
  ai: 'application/postscript',
  bmp: 'image/bmp',
  cdr: 'application/vnd.corel-draw',
  eps: 'application/postscript',
  gif: 'image/gif',
  heif: 'image/heif',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  png: 'image/png',
  tif: 'image/tiff',
  tiff: 'image/tiff',
};

interface MediaType {
  readonly category: Category;
  readonly contentType: string;
}

const MEDIA_TYPES: ReadonlyMap<string, MediaType> = new Map([
  ...toEntries(VIDEO_TYPES, 'Video'),
  ...toEntries(AUDIO_TYPES, 'Audio'),
  ...toEntries(IMAGE_TYPES, 'Image'),
]);

/** The accepted values of `videoType`, in lower case: also images, which become files of the category Image. */
export const ACCEPTED_TYPES: readonly string[] = [...MEDIA_TYPES.keys()];
/** The accepted values of `coverType`, in lower case. */
export const ACCEPTED_COVER_TYPES: readonly string[] = Object.keys(IMAGE_TYPES);

/** The category of a file type in any case. Unknown types count as video. */
export function categoryOf(type: string): Category {
  return MEDIA_TYPES.get(type.toLowerCase())?.category ?? 'Video';
}

/** The media type for HTTP of a file type in any case. */
export function contentTypeOf(type: string): string {
  return MEDIA_TYPES.get(type.toLowerCase())?.contentType ?? 'application/octet-stream';
}

function toEntries(types: Readonly<Record<string, string>>, category: Category): [string, MediaType][] {
  return Object.entries(types).map(([type, contentType]) => [type, { category, contentType }]);
}
