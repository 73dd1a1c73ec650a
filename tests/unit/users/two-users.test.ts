import fc from 'fast-check';
import { seal } from '../../../lib/vod/source-context';
import { fileDeleted, newFileUpload, procedureStateChanged } from '../../support/events';
import { modelFile, SEAL_KEY, startService } from '../../support/unit/service';
import { userRoutes } from '../../support/unit/users';

const USERS = ['alice', 'bob'] as const;
type User = (typeof USERS)[number];

/** The text in the names, source contexts and URLs of this user's files, and of no other user's. */
const secretOf = (user: User) => `only-for-${user}`;
const idOf = (user: User, number: number) => `${user === 'alice' ? '1' : '2'}00${number}`;

function fileOf(user: User, number: number) {
  const file = modelFile(idOf(user, number));
  const SourceContext = seal(secretOf(user), user, false, SEAL_KEY);
  const own = {
    Name: secretOf(user),
    MediaUrl: `http://v/${secretOf(user)}`,
    SourceInfo: { SourceType: 'Upload', SourceContext },
  };
  return { ...file, basicInfo: { ...file.basicInfo, ...own } };
}

const user = fc.constantFrom(...USERS);
const number = fc.integer({ min: 1, max: 3 });
const step = fc.oneof(
  fc.record({ kind: fc.constant('upload'), owner: user, number, caller: user }),
  fc.record({ kind: fc.constantFrom('event', 'end', 'gone', 'verify'), owner: user, number, caller: user }),
  // An attacker sends an upload event about another user's file, with a valid source context of their own.
  fc.record({ kind: fc.constant('forged'), owner: user, number, caller: user }),
  fc.record({ kind: fc.constantFrom('get', 'list', 'next', 'delete', 'play'), owner: user, number, caller: user }),
);

test("no response to a user contains data of another user's uploads, after any sequence of events and requests", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const service = startService();
      const routes = userRoutes(service);
      /** The last cursor that any user received: the next user sends it. */
      let cursor: string | undefined;
      for (const { kind, owner, number, caller } of steps) {
        const fileId = idOf(owner, number);
        const sourceContext = seal(secretOf(owner), owner, false, SEAL_KEY);
        if (kind === 'upload') service.vod.put(fileOf(owner, number));
        if (kind === 'event') await service.receive(newFileUpload({ fileId, sourceContext }));
        if (kind === 'end') await service.receive(procedureStateChanged({ fileId }, 'FINISH', { taskId: 'task-1' }));
        if (kind === 'gone') await service.receive(fileDeleted({ fileId }));
        if (kind === 'verify') await service.verify([fileId]);
        // Before the first confirmation, a forged event with a seal of the forger's own makes the row the forger's.
        if (kind === 'forged' && service.store.get(fileId)?.confirmedAt !== undefined) {
          const foreign = seal(secretOf(caller), caller, false, SEAL_KEY);
          await service.receive(newFileUpload({ fileId, sourceContext: foreign }));
        }
        const responses = [
          kind === 'get' && (await routes.read(caller, { fileId })),
          kind === 'list' && (await routes.read(caller, { query: { limit: '2' } })),
          kind === 'next' && cursor !== undefined && (await routes.read(caller, { query: { limit: '1', cursor } })),
          kind === 'delete' && (await routes.remove(caller, { fileId })),
          kind === 'play' && (await routes.play(caller, { fileId })),
        ];
        for (const response of responses) {
          if (!response) continue;
          cursor = typeof response.body?.['cursor'] === 'string' ? response.body['cursor'] : cursor;
          const other = caller === 'alice' ? 'bob' : 'alice';
          const { cursor: _, ...shown } = response.body ?? {};
          expect(JSON.stringify(shown)).not.toMatch(
            new RegExp(`${secretOf(other)}|"${idOf(other, 0).slice(0, 3)}\\d"`),
          );
          if (caller !== owner && kind !== 'list' && kind !== 'next') expect(response.status).toBe(404);
        }
      }
    }),
    { numRuns: 300 },
  );
});
