import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { HostDefinitionsInput } from '../../src/host/definitions.js';
import type { HostLinkInput } from '../../src/index.js';

/** The definitions of examples/host.yaml on a free port, changed as the test wants. */
export function hostDefinitions(more: Partial<HostDefinitionsInput> = {}): HostDefinitionsInput {
  const text = readFileSync(new URL('../../examples/host.yaml', import.meta.url), 'utf8');
  const definitions = parse(text) as HostDefinitionsInput;
  return { ...definitions, listen: { ...definitions.listen, port: 0 }, ...more };
}

interface SmallOptions {
  readonly port: number;
  readonly addresses?: string;
  readonly application?: string;
  readonly logMode?: string;
  readonly idNum?: string;
  readonly link?: Record<string, unknown>;
  readonly server?: Record<string, unknown>;
}

/** A runtime of one worker, one PU and a few LUs towards that host. */
export function smallRuntime(options: SmallOptions): HostLinkInput {
  const { port, addresses = '2-5', application = 'ECHO', logMode = 'LU0FAST', idNum = '00011' } = options;
  const mac = { localMac: '4000.0000.0011', remoteMac: '4000.3745.0001' };
  return {
    server: { name: 'TEST', min: 1, ...options.server },
    log: { level: 'silent' },
    links: [
      {
        name: 'LINK1',
        peer: { address: '127.0.0.1', port },
        dlsw: { connections: 1 },
        sna: { piuSizeMax: 4105 },
        timers: { connectRetry: 50, connectRetryMax: 200, sessionRetry: 50, sessionRetryMax: 200 },
        pus: [
          {
            name: 'PU1A',
            idBlk: '017',
            idNum,
            ...mac,
            lus: [{ addresses, name: 'LA1{address:03}', application, logMode }],
          },
        ],
        ...options.link,
      },
    ],
    services: [{ name: application, application }],
  } as HostLinkInput;
}
