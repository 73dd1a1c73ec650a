import { startVod } from '../../local/vod/server';

// A VOD in a process of its own, to be killed. Its options come as JSON; its port goes to stdout.
startVod(JSON.parse(process.argv[2] ?? '') as Parameters<typeof startVod>[0]).then(
  ({ port }) => {
    console.log(port);
  },
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
