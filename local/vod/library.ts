import type { FaultInjector } from './faults';
import { snapshotKey } from './media-keys';
import { UNKNOWN_META_DATA, viewOf, type MediaView } from './media-view';
import type { Media, MediaReview, State } from './state';

/** The media library: the committed files, and how they look from outside. */
export class Library {
  constructor(
    private readonly state: State,
    private readonly origin: string,
    private readonly faults: FaultInjector,
    private readonly now: () => number,
  ) {}

  /** Where a browser can play or show a stored file. */
  url(key: string): string {
    return `${this.origin}/media/${key}`;
  }

  /** The file as the server API shows it. */
  viewForApi(media: Media): MediaView {
    const view = viewOf(media, (key) => this.url(key));
    return this.#isAnalysed(media) ? view : { ...view, MetaData: null };
  }

  /** The file as events show it. */
  viewForEvent(media: Media): MediaView {
    const view = viewOf(media, (key) => this.url(key));
    return this.#isAnalysed(media) ? view : { ...view, MetaData: UNKNOWN_META_DATA };
  }

  /** Whether the server API shows the file. */
  isVisible({ createTime }: Media): boolean {
    return this.faults.isVisible(createTime, this.now());
  }

  /** Changes a file that exists. `updateTime` becomes now. */
  update(fileId: string, change: Partial<Media>): void {
    const media = this.state.media.get(fileId);
    if (media) this.state.media.set(fileId, { ...media, ...change, updateTime: this.now() });
  }

  /** Replaces the cover by an uploaded one. */
  setCover(fileId: string, key: string): void {
    const media = this.state.media.get(fileId);
    if (media?.coverKey) this.state.bucket.remove(media.coverKey);
    this.update(fileId, { coverKey: key });
  }

  /** Sets the cover that a procedure made, unless the file has a cover. */
  setSnapshotCover(fileId: string): void {
    const media = this.state.media.get(fileId);
    if (media?.coverKey === '') this.update(fileId, { coverKey: snapshotKey(media.key) });
  }

  setReview(fileId: string, review: Omit<MediaReview, 'time'>): void {
    this.update(fileId, { review: { ...review, time: this.now() } });
  }

  #isAnalysed({ createTime }: Media): boolean {
    return this.faults.isAnalysed(createTime, this.now());
  }
}
