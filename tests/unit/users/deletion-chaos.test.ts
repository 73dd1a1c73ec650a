import fc from 'fast-check';
import { fileDeleted, newFileUpload } from '../../support/events';
import { modelFile, startService } from '../../support/unit/service';
import { userRoutes } from '../../support/unit/users';
import { refusal } from '../../support/unit/vod-model';

const kinds = [
  'delete',
  'delete while VOD refuses',
  'delete while VOD deletes and does not respond',
  'delete in the console',
  'deletion event',
  'forged deletion event',
  'upload event',
  'verify',
  'verify again',
] as const;

test('after any sequence of deletions and events, a row is deleted if and only if VOD no longer has the file', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...kinds), { maxLength: 15 }), async (steps) => {
      const service = startService([modelFile('7')]);
      await service.verify(['7']);
      const routes = userRoutes(service);
      let isThere = true;
      for (const kind of steps) {
        const isLost = kind === 'delete while VOD deletes and does not respond';
        service.vod.failWith((action) => {
          if (action !== 'DeleteMedia' || !kind.includes('while')) return;
          if (isLost) service.vod.remove('7');
          throw refusal('DeleteMedia', 'InternalError');
        });
        if (kind.startsWith('delete') && kind !== 'delete in the console') {
          const wasDeleted = service.row('7').status === 'deleted' && service.row('7').trust === 'confirmed';
          await routes.remove('user-42', { fileId: '7' });
          if (kind === 'delete' || (isLost && !wasDeleted)) isThere = false;
        }
        if (kind === 'delete in the console') {
          service.vod.remove('7');
          isThere = false;
        }
        if (kind === 'forged deletion event' || (kind === 'deletion event' && !isThere)) {
          await service.receive(fileDeleted({ fileId: '7' }));
        }
        if (kind === 'upload event') await service.receive(newFileUpload({ fileId: '7' }));
        if (kind === 'verify') await service.verify(['7']);
        if (kind === 'verify again') await service.verify(['7'], { openQuestion: 'missing' });
        expect(service.row('7').status === 'deleted' && isThere).toBe(false);
      }
      await service.verify(['7']);
      await service.verify(['7'], { openQuestion: 'missing' });
      expect(service.row('7')).toMatchObject({ status: isThere ? 'ready' : 'deleted', trust: 'confirmed' });
    }),
    { numRuns: 500 },
  );
});
