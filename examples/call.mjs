// One service call from a program. Start the embedded host first: hostlink host -c examples/host.yaml
// Then: node examples/call.mjs
import { fileURLToPath } from 'node:url';
import { HostLink, HostLinkError } from 'hostlink';

const hostlink = await HostLink.start(fileURLToPath(new URL('./hostlink.yaml', import.meta.url)));
try {
  await hostlink.ready({ sessions: 1, timeoutMs: 10_000 });

  // Bytes go as they are.
  const reply = await hostlink.call('ECHO', Buffer.from('hello, host'), { timeoutMs: 5000 });
  console.log('ECHO  ', Buffer.from(reply).toString());

  // Text goes through the code page of the service.
  console.log('UPPER ', await hostlink.callText('UPPER', 'hello, host'));

  // Errors say what happened, and whether the request may have reached the host.
  await hostlink.call('NOWHERE', Buffer.alloc(0)).catch((error) => {
    if (!(error instanceof HostLinkError)) throw error;
    console.log('NOWHERE', error.code, error.tperrno, error.details.known);
  });
} finally {
  await hostlink.stop();
}
