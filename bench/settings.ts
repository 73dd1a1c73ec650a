/** How much is measured. `--quick` takes under 90 seconds: fewer rounds, one Node, and only what one instance does. */
export const isQuick = process.argv.includes('--quick');
export const ROUNDS = isQuick ? 5 : 9;
/** Processes that measure our own lines. */
export const OWN_WORK_PROCESSES = 5;
/** Calls of a warm instance: before they count, and that count; of one that signs, and of all others. */
export const SIGNING_CALLS = isQuick ? { warmUp: 1_000, calls: 2_000 } : { warmUp: 4_000, calls: 5_000 };
export const OTHER_CALLS = isQuick ? { warmUp: 30, calls: 60 } : { warmUp: 50, calls: 200 };
/** Batches of the stream; each has rows and files of its own. */
export const BATCH_CALLS = isQuick ? { warmUp: 10, calls: 25 } : { warmUp: 20, calls: 80 };
