/** How VOD classifies files. */
export const CATEGORIES = ['Video', 'Audio', 'Image'] as const;

export type Category = (typeof CATEGORIES)[number];

/** The file types that VOD accepts (266/2846), in lower case. It lists OGG as video and as audio. */
const TYPES: Readonly<Record<Category, ReadonlySet<string>>> = {
  Video: new Set(
    // prettier-ignore
    [
      '3gp', 'asf', 'asx', 'avi', 'dat', 'f4v', 'flv', 'm3u8', 'm4v', 'mkv', 'mov', 'mp4', 'mp4v', 'mpe', 'mpeg', 'mpg',
      'mxf', 'ogg', 'qt', 'ram', 'rm', 'rmvb', 'ts', 'vob', 'webm', 'wm', 'wmv',
    ],
  ),
  Audio: new Set(['aac', 'amr', 'flac', 'm4a', 'mp3', 'ogg', 'ra', 'wav']),
  Image: new Set(['ai', 'bmp', 'cdr', 'eps', 'gif', 'heif', 'jpeg', 'jpg', 'png', 'tif', 'tiff']),
};

/** The categories that VOD may give a file with this name; none where it does not accept the type. */
export function categoriesOf(fileName: string): readonly Category[] {
  const type = fileName.slice(fileName.lastIndexOf('.') + 1).toLowerCase();
  return CATEGORIES.filter((category) => TYPES[category].has(type));
}
