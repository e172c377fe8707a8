// The embedded host of the built dist as a process that may be killed at any time: each request that an application
// executes is in the ledger file before its reply is sent. Arguments: definitions (JSON file), port, ledger file.
// A row is LU, id and terminal of the request, or LU, ! and checksum of one that was damaged on the way.
import { openSync, readFileSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';

const { EmbeddedHost } = await import(new URL('../../dist/src/host/embedded-host.js', import.meta.url).href);
const [definitionsFile, port, ledgerFile] = process.argv.slice(2);
const definitions = JSON.parse(readFileSync(definitionsFile, 'utf8'));
const ledger = openSync(ledgerFile, 'a');
/** Id and terminal at the front, checksum at the end. */
const SIZE_MIN = 10;

function onLedger({ lu }, bytes, from, to) {
  const isWhole = to - from >= SIZE_MIN && crc32(bytes.subarray(from, to - 4)) === bytes.readUInt32BE(to - 4);
  const what = isWhole
    ? `${bytes.readUInt32BE(from)} ${bytes.readUInt16BE(from + 4)}`
    : `! ${crc32(bytes.subarray(from, to))}`;
  writeSync(ledger, `${lu} ${what}\n`);
}

function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const host = await EmbeddedHost.start({ ...definitions, listen: { port: Number(port) } }, { onLedger });
process.once('SIGTERM', async () => {
  const { protocolErrors, sessions } = host.report();
  await host.stop();
  const list = protocolErrors.list.slice(0, 5).map(({ rule, text, lu }) => `${rule} ${lu}: ${text}`);
  say({ event: 'report', protocolErrors: protocolErrors.count, list, sessions });
  process.disconnect();
});
process.once('disconnect', () => process.exit());
say({ event: 'listening', port: host.port });
