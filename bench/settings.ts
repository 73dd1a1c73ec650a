/** How much is measured; `--quick` is for working on the bench. */
export const isQuick = process.argv.includes('--quick');
export const ROUNDS = isQuick ? 5 : 15;
/** Processes that measure our own work. */
export const WORKS = isQuick ? 3 : 7;
/** Processes that stay warm and hear events. */
export const HEARERS = Math.ceil(ROUNDS / 3);
/** Calls of a warm instance that signs: before they count, and that count; and of one that hears events. */
export const WARM_UP = isQuick ? 1_000 : 4_000;
export const CALLS = isQuick ? 1_000 : 5_000;
export const EVENTS = isQuick ? 50 : 200;
