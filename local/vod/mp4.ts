import { open, type FileHandle } from 'node:fs/promises';

export interface Picture {
  readonly duration?: number;
  readonly width?: number;
  readonly height?: number;
}

const MAX_INDEX_BYTES = 16 * 1024 * 1024;
/** Per level. Real files have a handful, and a client waits while they are read. */
const MAX_BOXES = 10_000;

/** Reads the index ("moov") of an MP4 or QuickTime file. Returns {} for any other file, or a damaged one. */
export async function describe(path: string): Promise<Picture> {
  const file = await open(path);
  try {
    const index = await findIndex(file);
    return index ? readIndex(index) : {};
  } catch {
    return {};
  } finally {
    await file.close();
  }
}

async function findIndex(file: FileHandle): Promise<Buffer | undefined> {
  const head = Buffer.alloc(16);
  const { size } = await file.stat();
  for (let offset = 0, count = 0; offset < size && count < MAX_BOXES; count++) {
    const { bytesRead } = await file.read(head, 0, 16, offset);
    if (bytesRead < 8) return undefined;
    const short = head.readUInt32BE(0);
    const headLength = short === 1 ? 16 : 8;
    const length = short === 1 ? Number(head.readBigUInt64BE(8)) : short;
    if (length < headLength) return undefined;
    if (head.toString('latin1', 4, 8) === 'moov' && length < MAX_INDEX_BYTES) {
      const index = Buffer.alloc(length - headLength);
      await file.read(index, 0, index.length, offset + headLength);
      return index;
    }
    offset += length;
  }
  return undefined;
}

function readIndex(index: Buffer): Picture {
  const header = boxes(index).get('mvhd')?.[0];
  const isVersion1 = header?.[0] === 1;
  const scale = header?.readUInt32BE(isVersion1 ? 20 : 12) ?? 0;
  const units = header ? durationUnits(header, isVersion1) : 0;
  const tracks = (boxes(index).get('trak') ?? []).slice(0, 100).flatMap((track) => boxes(track).get('tkhd') ?? []);
  // A track's size is its header's last eight bytes, in 16.16 fixed point; a sound track's is zero.
  const picture = tracks.find((track) => track.readUInt32BE(track.length - 8) > 0);
  return {
    ...(scale > 0 ? { duration: units / scale } : {}),
    ...(picture && {
      width: picture.readUInt16BE(picture.length - 8),
      height: picture.readUInt16BE(picture.length - 4),
    }),
  };
}

function durationUnits(header: Buffer, isVersion1: boolean): number {
  return isVersion1 ? Number(header.readBigUInt64BE(24)) : header.readUInt32BE(16);
}

function boxes(parent: Buffer): Map<string, Buffer[]> {
  const boxesByType = new Map<string, Buffer[]>();
  for (let offset = 0, count = 0; offset + 8 <= parent.length && count < MAX_BOXES; count++) {
    const length = parent.readUInt32BE(offset);
    if (length < 8) break;
    const name = parent.toString('latin1', offset + 4, offset + 8);
    const same = boxesByType.get(name) ?? [];
    same.push(parent.subarray(offset + 8, offset + length));
    boxesByType.set(name, same);
    offset += length;
  }
  return boxesByType;
}
