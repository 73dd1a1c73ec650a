import dynalite from 'dynalite';

// A separate program, node dynalite.ts <port> [<folder>]: serves the table where dynoxide is not available.

const [port = '', path] = process.argv.slice(2);

dynalite({ ...(path && { path }), createTableMs: 0 }).listen(Number(port), '127.0.0.1');

// The parent process keeps stdin open: when the parent ends, even by a kill, stdin closes and this process exits.
process.stdin.resume().on('end', () => process.exit());
