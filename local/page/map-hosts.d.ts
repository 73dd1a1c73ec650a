// The types for client/local-vod: the build of the client declares nothing for JavaScript outside its folder.

export function localUrl(url: string, vodUrl: string): string;
export function mapHosts(vodUrl: string): void;
