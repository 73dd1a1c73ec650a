import { element, setText } from './element.js';

/** The cover of a file, or its type if there is no cover. */
export function createThumbnail() {
  const image = element('img', { alt: '', loading: 'lazy', hidden: true });
  const label = element('span');
  const thumbnail = element('span', { className: 'thumbnail', 'aria-hidden': 'true' }, image, label);
  let url;
  let brokenUrl;
  image.addEventListener('error', () => {
    brokenUrl = url;
    show();
  });

  function show() {
    image.hidden = url === undefined || url === brokenUrl;
    label.hidden = !image.hidden;
  }

  return {
    thumbnail,
    /**
     * @param {string | undefined} next the URL of the cover
     * @param {string} [type] of the file, such as mp4
     */
    update(next, type = '') {
      url = next;
      if (url !== undefined && image.getAttribute('src') !== url) image.src = url;
      setText(label, type.slice(0, 4).toUpperCase());
      show();
    },
  };
}
