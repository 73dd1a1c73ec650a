import type { EventBody } from './events';
import { contentOf, startReconciliation } from './reconciliation';
import { cleanUp } from './vod/vod-client';
import type { Item } from './webhook';

export const EVIL = 'http://evil.example/a.mp4';

/** A world with a file of user-42 in a procedure that has ended; no event of it was delivered yet. */
export async function startVictim() {
  const world = await startReconciliation();
  const fileId = world.upload({ text: 'order=7', procedure: 'LongVideoPreset' });
  await world.processed(fileId);
  const { TaskSet: [task] = [] } = await world.client.DescribeTasks({ FileId: fileId });
  const events = await world.eventsOf(fileId);
  return {
    world,
    victim: { fileId, taskId: task?.TaskId ?? '', events },
    /** The content of the row that `reconcile` writes when no event of the file arrives; it is removed again. */
    truth: async (): Promise<Item> => {
      await world.run();
      const content = contentOf(await world.item(fileId));
      await world.webhook.removeItem(fileId);
      return content;
    },
    /** Delivers VOD's own events and verifies them; returns the row. */
    confirm: async (): Promise<Item> => {
      await world.deliver(...events);
      await world.verify();
      const item = await world.item(fileId);
      expect(item).toMatchObject({ status: 'ready', trust: 'confirmed', uploader: 'user-42' });
      return item;
    },
    stop: async (): Promise<void> => {
      await world.stop();
      await cleanUp();
    },
  };
}

export interface Victim {
  readonly fileId: string;
  readonly taskId: string;
  /** VOD's own: that it was uploaded, and that its procedure ended. */
  readonly events: readonly EventBody[];
}
