// The embedded host of the built dist in a thread of its own: a test may stand still and have it go on.
// workerData: the definitions. Says { port } once it listens.
// 'unbind' ends sessions and sets flag[0] to 1 once their other end has said so; 'report' and 'stop' answer with a report.
import { parentPort, workerData } from 'node:worker_threads';

const { EmbeddedHost } = await import(new URL('../../dist/src/host/embedded-host.js', import.meta.url).href);
const host = await EmbeddedHost.start(workerData);

function sessions() {
  const { active, pending } = host.report().sessions;
  return active + pending;
}

function unbind({ lus, flag }) {
  const left = sessions() - lus.length;
  for (const lu of lus) host.control.unbind(lu);
  const look = () => {
    if (sessions() > left) {
      setImmediate(look);
      return;
    }
    Atomics.store(flag, 0, 1);
    Atomics.notify(flag, 0);
  };
  look();
}

parentPort.on('message', async (message) => {
  if (message.kind === 'unbind') {
    unbind(message);
    return;
  }
  if (message.kind === 'stop') await host.stop();
  parentPort.postMessage({ report: host.report() });
  if (message.kind === 'stop') parentPort.close();
});
parentPort.postMessage({ port: host.port });
