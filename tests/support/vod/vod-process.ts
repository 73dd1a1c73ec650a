import fs from 'node:fs';
import { startVod } from '../../../local/vod/server';

// A VOD in a process of its own, to be killed. Its options come as JSON; its port goes to stdout. With a name after them
// it kills itself when a file whose path has that name in it is about to get its place, or to be removed.
const deadly = process.argv[3];
if (deadly !== undefined) {
  const { renameSync, rmSync } = fs;
  const dieAt = (path: fs.PathLike) => {
    if (String(path).includes(deadly)) process.kill(process.pid, 'SIGKILL');
  };
  fs.renameSync = (from, to) => {
    dieAt(to);
    renameSync(from, to);
  };
  fs.rmSync = (path, options) => {
    dieAt(`removed:${String(path)}`);
    rmSync(path, options);
  };
}

startVod(JSON.parse(process.argv[2] ?? '') as Parameters<typeof startVod>[0]).then(
  ({ port }) => {
    console.log(port);
  },
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
