import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DemoHost } from '../src/cli/demo-host.js';

const DEFINITIONS = fileURLToPath(new URL('../../examples/host.yaml', import.meta.url));

export interface BenchHost {
  readonly port: number;
  readonly pid: number;
  /** Have it cut the connection of the PU with this IDBLK and IDNUM. */
  cutPu(id: string): void;
  stop(): Promise<{ protocolErrors: number }>;
}

/**
 * The embedded host as a process of its own, on a free port.
 * @param definitions instead of those of examples/host.yaml
 */
export async function startHost(definitions?: object): Promise<BenchHost> {
  const host = definitions === undefined ? await DemoHost.start(DEFINITIONS, 0) : await startWith(definitions);
  return {
    port: host.port,
    pid: host.pid!,
    cutPu: (id) => host.cutPu(id),
    async stop() {
      const { protocolErrors } = await host.stop();
      if (protocolErrors === undefined) throw new Error('the embedded host ended without its report');
      return { protocolErrors };
    },
  };
}

/** Through a file that is gone once the host has read it: JSON is YAML. */
async function startWith(definitions: object): Promise<DemoHost> {
  const folder = mkdtempSync(join(tmpdir(), 'hostlink-bench-'));
  try {
    const file = join(folder, 'host.yaml');
    writeFileSync(file, JSON.stringify(definitions));
    return await DemoHost.start(file, 0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
