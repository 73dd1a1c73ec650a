import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import dynalite from 'dynalite';

// A separate program, node dynalite.ts <socket> [<folder>]: serves the table where dynoxide is not available.

const [socketPath = '', path] = process.argv.slice(2);

if (process.platform !== 'win32') rmSync(socketPath, { force: true }); // left behind when it was killed
const server = dynalite({ ...(path && { path }), createTableMs: 0 });
server.keepAliveTimeout = 0; // the proxy keeps its connections
server.listen(socketPath);

// The parent process keeps stdin open: when the parent ends, even by a kill, stdin closes and this process exits.
process.stdin.resume().on('end', () => {
  if (process.platform !== 'win32') rmSync(dirname(socketPath), { recursive: true, force: true }); // made for this socket
  process.exit();
});
