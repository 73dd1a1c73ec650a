import type { Browser } from 'playwright-core';

/** A second of a moving picture that any Chromium can play, and a still of it, made by the browser itself. Sizes in pixels. */
export async function recordClip(
  browser: Browser,
  { width, height } = { width: 320, height: 180 },
): Promise<{ video: Buffer; picture: Buffer }> {
  const page = await browser.newPage();
  const [video = '', picture = ''] = await page.evaluate<string[]>(`(async () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: ${width}, height: ${height} });
    const context = canvas.getContext('2d');
    let frame = 0;
    const timer = setInterval(() => {
      context.fillStyle = 'hsl(' + (frame++ * 12) % 360 + ' 70% 50%)';
      context.fillRect(0, 0, ${width}, ${height});
    }, 40);
    const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: 'video/webm;codecs=vp8' });
    const chunks = [];
    recorder.ondataavailable = ({ data }) => chunks.push(data);
    const stopped = new Promise((stop) => (recorder.onstop = stop));
    recorder.start();
    await new Promise((later) => setTimeout(later, 1000));
    recorder.stop();
    await stopped;
    clearInterval(timer);
    const base64 = (blob) => new Promise((read) => {
      const reader = new FileReader();
      reader.onload = () => read(reader.result.split(',')[1]);
      reader.readAsDataURL(blob);
    });
    const still = await new Promise((made) => canvas.toBlob(made));
    return [await base64(new Blob(chunks)), await base64(still)];
  })()`);
  await page.close();
  return { video: Buffer.from(video, 'base64'), picture: Buffer.from(picture, 'base64') };
}
