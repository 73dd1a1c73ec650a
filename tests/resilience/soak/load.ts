import { Agent, request } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import type { Upload } from '../../../local/uploads';
import { newFileUpload, procedureStateChanged, type EventBody, type FileFacts } from '../../support/events';

// Many events at once against the webhook. VOD takes a response of 200 for "kept", so each must be in the table.

export interface Load {
  readonly callbackUrl: string;
  /** How many events are on their way at any time. */
  readonly senders: number;
  readonly events: number;
}

export interface Sent {
  /** In the order in which they arrived; a status of 0 means no response. */
  readonly responses: readonly HttpResponse[];
  readonly seconds: number;
}

interface HttpResponse {
  readonly event: number;
  readonly status: number;
  readonly milliseconds: number;
}

interface File extends FileFacts {
  readonly url: string;
  readonly size: number;
  readonly sourceContext: string;
}

/** Sends events of half as many files: of each its upload and the end of a task. Each sender sends the next after its response. */
export async function sendEvents({ callbackUrl, senders, events }: Load): Promise<Sent> {
  const agent = new Agent({ keepAlive: true, maxSockets: senders });
  const responses: HttpResponse[] = [];
  const began = performance.now();
  let next = 0;
  const sender = async () => {
    for (let event = next++; event < events; event = next++) {
      const sent = performance.now();
      const status = await post(agent, callbackUrl, JSON.stringify(bodyOf(event)));
      responses.push({ event, status, milliseconds: performance.now() - sent });
    }
  };
  await Promise.all(Array.from({ length: senders }, sender));
  agent.destroy();
  return { responses, seconds: (performance.now() - began) / 1000 };
}

/** A message for each response of 200 whose event is not in the table as it was sent, and for each row without an event. */
export function differences({ responses }: Sent, rows: readonly Upload[]): string[] {
  const byFile = new Map(rows.map((row) => [row['fileId'], row]));
  const kept = responses.flatMap(({ event, status }) => {
    if (status !== 200) return [];
    const row = byFile.get(fileOf(event).fileId);
    if (!row) return [`event ${event}: the response was 200, and there is no row`];
    return Object.entries(reportedBy(event)).flatMap(([name, reported]) =>
      isDeepStrictEqual(row[name], reported)
        ? []
        : [`event ${event}: ${name} is ${JSON.stringify(row[name])}, not ${JSON.stringify(reported)}`],
    );
  });
  const sent = new Set(responses.map(({ event }) => fileOf(event).fileId));
  const extra = rows.filter((row) => !sent.has(String(row['fileId'])));
  return [...kept, ...extra.map((row) => `row ${String(row['fileId'])}: no event was sent for it`)];
}

/** Milliseconds that the given part of all responses took at most. */
export function percentile({ responses }: Sent, part: number): number {
  const sorted = responses.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

function fileOf(event: number): File {
  const file = Math.floor(event / 2);
  return {
    fileId: `5285890${String(file).padStart(12, '0')}`,
    url: `http://example.com/${file}/f0.mp4`,
    size: 1000 + file,
    sourceContext: `order ${file}`,
  };
}

const taskOf = (event: number): string => `procedure-${Math.floor(event / 2)}`;

function bodyOf(event: number): EventBody {
  const task = { taskId: taskOf(event), sessionContext: `session ${event}` };
  return event % 2 === 0 ? newFileUpload(fileOf(event)) : procedureStateChanged(fileOf(event), 'FINISH', task);
}

/** The attributes that an event writes to the row, until its verification, in which VOD does not know the file. */
function reportedBy(event: number): Record<string, unknown> {
  const { url, size, sourceContext } = fileOf(event);
  if (event % 2 === 1) return { status: 'processing' };
  return { url, size, sourceContext, createTime: '2026-11-22T08:00:00Z', sourceType: 'Upload' };
}

function post(agent: Agent, url: string, body: string): Promise<number> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const outgoing = request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.on('end', () => {
        resolve(response.statusCode ?? 0);
      });
      response.on('error', () => {
        resolve(0);
      });
    });
    outgoing.on('error', () => {
      resolve(0);
    });
    outgoing.end(body);
  });
}
