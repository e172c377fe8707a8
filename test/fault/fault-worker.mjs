// The link worker of the built dist, which also does what it is told on a broadcast channel named after the run:
// exit, throw, run out of memory, loop for ever; or say what its thread holds.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { BroadcastChannel } from 'node:worker_threads';

const { default: linkWorker } = await import(new URL('../../dist/workers/link-worker.js', import.meta.url).href);
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

const COMMANDS = {
  exit() {
    process.exit(7);
  },
  throw() {
    setImmediate(() => {
      throw new Error('told to throw');
    });
  },
  memory() {
    const hoard = [];
    for (;;) hoard.push(Array.from({ length: 10_000 }, (_, at) => ({ at })));
  },
  loop() {
    for (;;);
  },
};

export default async function faultWorker(start) {
  const { workerId } = start;
  const name = `faults-${start.bindings.run}`;
  const orders = new BroadcastChannel(name);
  orders.onmessage = ({ data }) => {
    if (data.workerId === workerId) COMMANDS[data.command]();
    if (data.command !== 'look') return;
    collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    orders.postMessage({
      from: workerId,
      seq: data.seq,
      heapUsed,
      external,
      resources: process.getActiveResourcesInfo(),
    });
  };
  orders.unref();
  try {
    return await linkWorker(start);
  } finally {
    orders.close();
  }
}
