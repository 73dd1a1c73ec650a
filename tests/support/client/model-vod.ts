import type { HttpRequest, HttpResponse } from '../../../client/src/world';

/** The failure of a call of a model. */
export type Effect = 'unreachable' | 'refused' | 'hangs' | 'unauthorized' | 'unavailable' | 'limited';
export type Operation = 'prepare' | 'apply' | 'part' | 'complete' | 'commit' | 'sign' | 'read' | 'token' | 'load';

export interface ModelFile {
  readonly name: string;
  readonly size: number;
  readonly lastModified: number;
  /** Stands for its bytes. */
  readonly content: string;
  /** Tells the uploads of one file apart. */
  readonly tag: number;
}

interface Session {
  readonly key: string;
  readonly user: string;
  readonly sourceContext: string | undefined;
  readonly parts: Map<number, string>;
  isComplete: boolean;
  fileId: string | undefined;
}

interface SignedFacts {
  readonly id: number;
  readonly user: string;
  readonly sourceContext?: string;
  readonly isOneTime: boolean;
}

export class VodError extends Error {
  constructor(readonly code: number) {
    super(`VOD ${code}`);
  }
}

export interface Problem {
  readonly operation: Operation;
  readonly effect: Effect;
  times: number;
}

/** VOD and the backend, as far as an upload meets them. Problems are taken in the order in which they were planned. */
export class ModelVod {
  readonly sessions = new Map<string, Session>();
  readonly requests: HttpRequest[] = [];
  readonly problems: Problem[] = [];
  statusAfter = 20_000;
  finalStatus = 'ready';
  private readonly used = new Set<number>();
  private readonly committedAt = new Map<string, number>();
  private count = 0;

  constructor(private readonly now: () => number) {}

  /** The effect that was planned for this operation. */
  takeEffect(operation: Operation): Effect | undefined {
    const index = this.problems.findIndex((problem) => problem.operation === operation);
    const problem = this.problems[index];
    if (!problem) return undefined;
    problem.times -= 1;
    if (problem.times === 0) this.problems.splice(index, 1);
    return problem.effect;
  }

  file(fileId: string): Session | undefined {
    return [...this.sessions.values()].find((session) => session.fileId === fileId);
  }

  async request(path: string, request: HttpRequest): Promise<HttpResponse> {
    this.requests.push(request);
    const user = readUser(request.headers['authorization'] ?? '');
    const effect = this.takeEffect(request.method === 'POST' ? 'sign' : 'read');
    if (effect === 'hangs') return new Promise(() => undefined);
    if (effect === 'unreachable') throw new TypeError('Failed to fetch');
    if (effect === 'unauthorized') return respond(401, { message: 'Unauthorized' });
    if (effect === 'limited') return respond(429, { message: 'Too Many Requests' }, { 'retry-after': '7' });
    if (effect) return respond(503, { type: 'urn:vod-client-upload:problem:unavailable', detail: effect });
    return request.method === 'POST' ? this.sign(user, request.body ?? '{}') : this.read(user, path);
  }

  private sign(user: string, body: string): HttpResponse {
    const { sourceContext, oneTimeValid = false } = JSON.parse(body) as {
      sourceContext?: string;
      oneTimeValid?: boolean;
    };
    this.count += 1;
    const facts: SignedFacts = {
      id: this.count,
      user,
      isOneTime: oneTimeValid,
      ...(sourceContext !== undefined && { sourceContext }),
    };
    const seconds = Math.floor(this.now() / 1000);
    const text = `${JSON.stringify(facts)}&currentTimeStamp=${seconds}&expireTime=${seconds + 300}`;
    return respond(200, {
      signature: Buffer.from(text).toString('base64'),
      expireTime: seconds + 300,
      oneTimeValid,
    });
  }

  private read(user: string, path: string): HttpResponse {
    const fileId = path.split('/').at(-1) ?? '';
    const session = this.file(fileId);
    const age = this.now() - (this.committedAt.get(fileId) ?? Infinity);
    if (session?.user !== user || age < 1500) return respond(404, { message: 'Not Found' });
    const status = age < this.statusAfter ? 'processing' : this.finalStatus;
    return respond(200, { fileId, status, version: status === 'processing' ? 1 : 2 });
  }

  /** @throws VodError 10004 or 10010 */
  private checkSignature(signature: string, isApply: boolean): SignedFacts {
    const text = Buffer.from(signature, 'base64').toString();
    const facts = JSON.parse(text.slice(0, text.indexOf('&'))) as SignedFacts;
    if (Number(/expireTime=(\d+)/.exec(text)?.[1]) * 1000 < this.now()) throw new VodError(10010);
    if (facts.isOneTime && isApply) {
      if (this.used.has(facts.id)) throw new VodError(10004);
      this.used.add(facts.id);
    }
    return facts;
  }

  apply(signature: string, key: string): Session {
    const { user, sourceContext } = this.checkSignature(signature, true);
    const known = this.sessions.get(key);
    if (key && !known) throw new VodError(10001);
    if (known) return known;
    const session: Session = {
      key: `session-${this.sessions.size + 1}`,
      user,
      sourceContext,
      parts: new Map(),
      isComplete: false,
      fileId: undefined,
    };
    this.sessions.set(session.key, session);
    return session;
  }

  commit(signature: string, key: string): { fileId: string } {
    this.checkSignature(signature, false);
    const session = this.sessions.get(key);
    if (!session?.isComplete) throw new VodError(10001);
    session.fileId ??= `file-${session.key}`;
    if (!this.committedAt.has(session.fileId)) this.committedAt.set(session.fileId, this.now());
    return { fileId: session.fileId };
  }
}

/** A JWT without a signature. */
export function tokenOf(user: string): string {
  return `x.${Buffer.from(JSON.stringify({ iss: 'issuer', sub: user })).toString('base64url')}.x`;
}

function readUser(authorization: string): string {
  const payload = authorization.split('.')[1] ?? '';
  return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { sub: string }).sub;
}

function respond(status: number, body: object, headers: Record<string, string> = {}): HttpResponse {
  return { status, body, header: (name) => headers[name] };
}
