import type { HostLinkInput } from '../src/index.js';

const PUS_PER_LINK = 2;

/**
 * One link of 256 ECHO sessions per worker, in two PUs of 128, as examples/host.yaml knows them (two links at most).
 * @param piuSizeMax the MAXDATA of that host
 */
export function benchConfig(port: number, workers: number, piuSizeMax = 4105): HostLinkInput {
  const links = Array.from({ length: workers }, (_, link) => ({
    name: `LINK${link + 1}`,
    pus: Array.from({ length: PUS_PER_LINK }, (_, pu) => ({
      name: `PU${link + 1}${'AB'[pu]}`,
      idBlk: '017',
      idNum: `000${link + 1}${pu + 1}`,
      localMac: `4000.0000.00${link + 1}${pu + 1}`,
      remoteMac: '4000.3745.0001',
      lus: [
        { addresses: '2-129', name: `L${'AB'[pu]}${link + 1}{address:03}`, application: 'ECHO', logMode: 'LU0FAST' },
      ],
    })),
  }));
  return {
    server: { name: 'BENCH', min: workers, max: workers },
    log: { level: 'warn' },
    linkDefaults: { peer: { address: '127.0.0.1', port }, dlsw: { connections: 1 }, sna: { piuSizeMax } },
    links,
    services: [{ name: 'ECHO', application: 'ECHO' }],
  };
}
