import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { Target } from './load.js';

export interface Baseline extends Target {
  stop(): Promise<void>;
}

/** `piscina.run` of an empty echo task: what a thread-pool round trip costs, with the payload in and out. */
export function startPiscinaEcho(payload: Uint8Array, threads: number): Baseline {
  const filename = fileURLToPath(new URL('./echo-task.js', import.meta.url));
  const pool = new Piscina({ filename, minThreads: threads, maxThreads: threads, concurrentTasksPerWorker: 512 });
  return { name: 'piscina.run echo', ask: () => pool.run(payload), stop: () => pool.destroy() };
}

/**
 * A bare TCP echo of the same bytes by another process: requests of one tick in one write, replies told apart by their
 * length only. No sessions, no deadlines, no errors: the least that any request over a socket costs.
 */
export async function startTcpEcho(payload: Uint8Array): Promise<Baseline> {
  const child = await startEchoProcess();
  const socket = net.connect({ host: '127.0.0.1', port: child.port, noDelay: true });
  await once(socket, 'connect');
  const waiting: (() => void)[] = [];
  let head = 0;
  let received = 0;
  let unsent: Uint8Array[] = [];
  socket.on('data', (chunk) => {
    received += chunk.length;
    for (; received >= payload.length; received -= payload.length) waiting[head++]!();
    if (head > 65_536) {
      waiting.splice(0, head);
      head = 0;
    }
  });
  const flush = (): void => {
    const blocks = unsent;
    unsent = [];
    socket.write(blocks.length === 1 ? blocks[0]! : Buffer.concat(blocks));
  };
  return {
    name: 'bare TCP echo',
    ask() {
      if (unsent.length === 0) setImmediate(flush);
      unsent.push(payload);
      return new Promise<void>((resolve) => waiting.push(resolve));
    },
    async stop() {
      socket.destroy();
      child.process.disconnect();
    },
  };
}

async function startEchoProcess(): Promise<{ process: ChildProcess; port: number }> {
  const file = fileURLToPath(new URL('./tcp-echo.js', import.meta.url));
  const child = fork(file, { silent: true });
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  return { process: child, port: Number(line.toString().trim()) };
}
