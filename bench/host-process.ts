import { fileURLToPath } from 'node:url';
import { DemoHost } from '../src/cli/demo-host.js';

const DEFINITIONS = fileURLToPath(new URL('../../examples/host.yaml', import.meta.url));

/** The embedded host as a process of its own, on a free port. */
export async function startHost(): Promise<{ port: number; stop(): Promise<{ protocolErrors: number }> }> {
  const host = await DemoHost.start(DEFINITIONS, 0);
  return {
    port: host.port,
    async stop() {
      const { protocolErrors } = await host.stop();
      if (protocolErrors === undefined) throw new Error('the embedded host ended without its report');
      return { protocolErrors };
    },
  };
}
