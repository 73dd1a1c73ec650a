import type { Major } from '../tests/support/node-majors';
import type { Inputs } from './compare';
import { runPinned } from './instances';
import type { OwnWork } from './own-work';
import { addBars, addSection } from './report';
import { OWN_WORK_PROCESSES } from './settings';
import { quartiles } from './statistics';
import { range, table } from './tables';

/** Reports where the time of a signature goes, and how much of an event's is ours. */
export async function measureOwnWork(major: Major, { files, env, eventFiles }: Inputs): Promise<void> {
  const works: OwnWork[] = [];
  const args = [files['own-work'] ?? '', eventFiles['upload-signature'], eventFiles['vod-events']];
  for (let process = 0; process < OWN_WORK_PROCESSES; process++) {
    works.push((await runPinned(major, args, env)).result as OwnWork);
  }
  const names = Object.keys(works[0]?.parts ?? {});
  // An indented part is included in the one above it.
  const restOf = ({ parts, whole }: OwnWork) =>
    Object.entries(parts).reduce((rest, [name, part]) => rest - (name.startsWith(' ') ? 0 : part), whole);
  addSection(
    `## Where a signature's time goes, Node ${major} (${OWN_WORK_PROCESSES} processes)\n\n${table(
      ['part', 'microseconds'],
      [
        ...names.map((name) => [name, range(quartiles(works.map(({ parts }) => parts[name] ?? NaN)), 2)]),
        ['the rest: the handler, its promises, reading the event', range(quartiles(works.map(restOf)), 2)],
        ['the whole call', range(quartiles(works.map(({ whole }) => whole)), 2)],
      ],
    )}\n\nThe whole and its parts were measured in the same process, in loops of a thousand.`,
  );
  const ownCpu = quartiles(works.map(({ eventCpu, eventJson }) => eventCpu - eventJson));
  addBars({ name: `event warm, Node ${major}: ms of our own CPU`, measured: ownCpu, max: 0.3, digits: 3 });
  addSection(
    `Of an event, ${range(ownCpu, 3)} ms of CPU are our own: outside the AWS client and the parsing of the message, marshalling included.`,
  );
}
