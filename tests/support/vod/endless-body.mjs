/**
 * Sends a request whose body never ends, and prints how many MiB were taken before the connection was closed. A process of
 * its own: as fast as it writes, it would leave no time for a server in the same process.
 *
 *     node endless-body.mjs <port> <head of the request, without its last empty line>
 */
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect } from 'node:net';
import process from 'node:process';

const MIB = 1024 * 1024;
const [port, head] = process.argv.slice(2);
const chunk = Buffer.concat([Buffer.from(`${MIB.toString(16)}\r\n`), Buffer.alloc(MIB), Buffer.from('\r\n')]);
const socket = connect(Number(port), '127.0.0.1');
socket.resume();
socket.on('error', () => undefined);
let sent = 0;
socket.on('close', () => {
  process.stdout.write(String(sent));
  process.exit();
});
socket.write(`${head}\r\n\r\n`);
while (!socket.destroyed) {
  sent += 1;
  if (!socket.write(chunk)) await once(socket, 'drain').catch(() => undefined);
}
