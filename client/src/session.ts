import type { VodSession, World } from './world';

/** VOD forgets a session after a day. */
const LIFETIME = 23 * 60 * 60 * 1000;

/** The stored session of one upload. */
export interface SessionSlot {
  readonly readSession: () => VodSession | undefined;
  readonly writeSession: (session?: VodSession) => void;
  /** Lets other uploads use the name. */
  readonly close: () => void;
}

/** Opens the session of that name, or a new one while another upload of this page uses the name. */
export type OpenSession = (fingerprint: string) => SessionSlot;

/**
 * In two tabs, two uploads by one user of one file for the same purpose may share a session: storage completes it for
 * one of them, and the other begins anew.
 */
export function createSessions(world: World): OpenSession {
  const open = new Set<string>();
  return (fingerprint) => {
    const name = open.has(fingerprint) ? fingerprint + String(Math.random()) : fingerprint;
    open.add(name);
    return {
      readSession() {
        const stored = world.load()[name];
        return stored && world.now() - stored.time < LIFETIME ? stored : undefined;
      },
      writeSession(session) {
        const time = world.now();
        const others = Object.entries(world.load()).filter(
          ([other, stored]) => other !== name && time - stored.time < LIFETIME,
        );
        world.save(Object.fromEntries(session ? [...others, [name, { ...session, time }]] : others));
      },
      close: () => {
        open.delete(name);
      },
    };
  };
}

/** Hashes the values that must agree to resume a session, so that the storage reveals neither files nor users. */
export function hash(facts: unknown): number {
  let code = 0;
  for (const character of JSON.stringify(facts)) code = Math.imul(code ^ character.charCodeAt(0), 2654435761);
  return code;
}
