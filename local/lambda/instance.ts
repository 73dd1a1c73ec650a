import { parentPort, workerData } from 'node:worker_threads';
import type { Call, InstanceData, Reply } from './functions';

// Runs in a worker thread: one instance of one function, with the environment that Lambda would give it.

const { file, exportName, context } = workerData as InstanceData;
// eslint-disable-next-line @typescript-eslint/no-require-imports -- what a Lambda runtime does
const handler = (require(file) as Partial<Record<string, (event: unknown, context: object) => unknown>>)[exportName];
if (!handler) throw new Error(`${file} exports no ${exportName}`);
const reply = (message: Reply) => parentPort?.postMessage(message);

parentPort?.on('message', ({ id, event, deadline }: Call) => {
  void (async () => {
    try {
      const getRemainingTimeInMillis = () => Math.max(0, deadline - Date.now());
      const invocation = { ...context, awsRequestId: id, getRemainingTimeInMillis };
      // A result that cannot be serialized as JSON fails the invocation, as on Lambda.
      const json = JSON.stringify((await handler(JSON.parse(event), invocation)) ?? null);
      reply({ id, json });
    } catch (error) {
      console.error('Invoke Error', error);
      reply({ id });
    }
  })();
});
reply({});
