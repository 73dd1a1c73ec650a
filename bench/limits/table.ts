import { backoff } from '../../lib/platform/retry';
import type { Clock } from './clock';
import type { LimitMeter } from './meter';
import { DURATION, PARTITION_UNITS } from './quotas';
import { tokenBucket } from './rates';

interface TableDeps {
  readonly clock: Clock;
  readonly meter: LimitMeter;
  readonly random: () => number;
  /** Write units a second that the table and each index take at once; they decide how many partitions there are. */
  readonly units: number;
  readonly quota: number;
  /** Whether all uploads have one uploader or one source context, and so one key of an index. */
  readonly hasOneIndexKey: boolean;
}

export interface Write {
  readonly partition: number;
  readonly units: number;
  /** Units of each of the two indexes; 0 when they are not written. */
  readonly indexUnits: number;
  /** Until when a throttled write is retried, in milliseconds of the clock. */
  readonly deadline: number;
}

/** The table with its indexes: a throttled write is retried as lib/uploads/store.ts does it. */
export function partitionedTable({ clock, meter, random, units, quota, hasOneIndexKey }: TableDeps) {
  const count = Math.ceil(units / PARTITION_UNITS);
  const partitions = () =>
    Array.from({ length: count }, () => tokenBucket(PARTITION_UNITS, PARTITION_UNITS, clock.now));
  const table = partitions();
  const uploaders = partitions();
  const contexts = partitions();
  const total = tokenBucket(quota, quota, clock.now);

  const randomPartition = () => (hasOneIndexKey ? 0 : Math.floor(random() * count));

  /** Returns false when the write is throttled: also when an index cannot follow the table. */
  function tryWrite({ partition, units: tableUnits, indexUnits }: Write): boolean {
    meter.use('tableUnits', tableUnits);
    meter.use('tableQuota', tableUnits);
    const own = table[partition];
    const [first, second] = indexUnits > 0 ? [uploaders[randomPartition()], contexts[randomPartition()]] : [];
    if (!total.has(tableUnits)) {
      meter.reach('tableQuota');
      return false;
    }
    const hasOwn = own?.has(tableUnits) ?? false;
    const hasIndexes = (first?.has(indexUnits) ?? true) && (second?.has(indexUnits) ?? true);
    if (!hasOwn || !hasIndexes) {
      meter.reach(hasOwn && hasOneIndexKey ? 'indexKey' : 'tableUnits');
      return false;
    }
    first?.take(indexUnits);
    second?.take(indexUnits);
    own?.take(tableUnits);
    return total.take(tableUnits);
  }

  function attempt(write: Write, retries: number, onDone: (isWritten: boolean) => void): void {
    if (tryWrite(write)) {
      onDone(true);
      return;
    }
    const pause = backoff(retries, random);
    if (clock.now() + pause >= write.deadline) {
      onDone(false);
      return;
    }
    clock.after(pause + DURATION.tableWrite, () => {
      attempt(write, retries + 1, onDone);
    });
  }

  return {
    /** Partitions of the table, and so shards of its stream. */
    count,
    /** Calls `onDone` at once unless the write is throttled. */
    write: (write: Write, onDone: (isWritten: boolean) => void): void => {
      attempt(write, 1, onDone);
    },
  };
}

export type Table = ReturnType<typeof partitionedTable>;
