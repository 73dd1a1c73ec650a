import dynalite from 'dynalite';

// A program of its own: node dynalite.ts <port> [<folder>]. Where there is no dynoxide, this serves the table.

const [port = '', path] = process.argv.slice(2);

dynalite({ ...(path && { path }), createTableMs: 0 }).listen(Number(port), '127.0.0.1');

// Whoever started this holds our stdin open; when it ends, however it ends, so do we.
process.stdin.resume().on('end', () => process.exit());
