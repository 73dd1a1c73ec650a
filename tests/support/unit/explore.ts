import { toItem, type Row } from '../../../lib/uploads/row';
import type { EventBody } from '../events';
import { deliver, STAGES, trueEvents, verifyAt, type Stage } from './story';

/** A state that the service can be in while a file's story runs in VOD. */
export interface State {
  readonly row: Row | undefined;
  readonly stage: Stage;
  /** Which of {@link trueEvents} arrived at least once. */
  readonly delivered: readonly boolean[];
}

/**
 * Every state that can be reached, by any order and number of steps: VOD goes on to its next stage, an event arrives (a
 * true one after its stage, in either format; a forged one at any time), or the row is verified. Two paths that lead to one
 * state are followed once, so that all permutations with all duplicates are covered and not listed.
 */
export async function explore(last: Stage, forged: readonly EventBody[] = []): Promise<readonly State[]> {
  const stages = STAGES.slice(0, STAGES.indexOf(last) + 1);
  const verifications = new Map<string, Row | undefined>();
  const reached = new Map<string, State>();
  const start: State = { row: undefined, stage: 'absent', delivered: trueEvents.map(() => false) };
  const queue = [start];
  reached.set(stateKey(start), start);

  async function verifyRow(row: Row | undefined, stage: Stage): Promise<Row | undefined> {
    const key = stage + rowKey(row);
    if (!verifications.has(key)) verifications.set(key, (await verifyAt(row, stage)).row);
    return verifications.get(key);
  }

  for (const state of queue) {
    const { row, stage, delivered } = state;
    const next: State[] = [];
    const following = stages[stages.indexOf(stage) + 1];
    if (following) next.push({ ...state, stage: following });
    for (const [index, event] of trueEvents.entries()) {
      if (!stages.includes(event.stage) || stages.indexOf(event.stage) > stages.indexOf(stage)) continue;
      const after = delivered.map((known, at) => known || at === index);
      for (const body of event.bodies) next.push({ row: deliver(row, body), stage, delivered: after });
    }
    for (const body of forged) next.push({ ...state, row: deliver(row, body) });
    if (row) next.push({ ...state, row: await verifyRow(row, stage) });
    for (const one of next) {
      const key = stateKey(one);
      if (reached.has(key)) continue;
      reached.set(key, one);
      queue.push(one);
    }
  }
  return [...reached.values()];
}

/** The states in which VOD is at its last stage and every event of its stages has arrived. */
export function complete(states: readonly State[], last: Stage): readonly State[] {
  const isDone = ({ delivered }: State) =>
    trueEvents.every(({ stage }, index) => delivered[index] === true || STAGES.indexOf(stage) > STAGES.indexOf(last));
  return states.filter((state) => state.stage === last && isDone(state));
}

function stateKey({ row, stage, delivered }: State): string {
  return [stage, delivered.map(Number).join(''), rowKey(row)].join(' ');
}

/** Rows that differ in their version alone behave in one way. */
function rowKey(row: Row | undefined): string {
  if (!row) return '';
  return JSON.stringify(Object.entries(toItem({ ...row, version: 1 })).sort(([a], [b]) => (a < b ? -1 : 1)));
}
