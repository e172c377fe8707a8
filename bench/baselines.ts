import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { Target } from './load.js';
import { payloadsOf } from './payloads.js';

export interface Baseline extends Target {
  stop(): Promise<void>;
}

/** Shorter payloads of one tick are copied into one block, longer ones gathered by the system: what is quicker. */
const COPIED_BELOW = 16_384;

/** `piscina.run` of an empty echo task: what a thread-pool round trip costs, with the payload in and out. */
export function startPiscinaEcho(payloadSize: number, threads: number): Baseline {
  const payloads = payloadsOf(payloadSize);
  const filename = fileURLToPath(new URL('./echo-task.js', import.meta.url));
  const pool = new Piscina({ filename, minThreads: threads, maxThreads: threads, concurrentTasksPerWorker: 512 });
  return {
    name: 'piscina.run echo',
    ask: (index) => pool.run(payloads[index % payloads.length]),
    stop: () => pool.destroy(),
  };
}

/**
 * A bare TCP echo of the same bytes by another process: requests of one tick in one write, replies told apart by their
 * length only. No sessions, no deadlines, no errors: the least that any request over a socket costs.
 * @param isAlone one request at a time: each is written at once, and waits for no tick to end
 */
export async function startTcpEcho(payloadSize: number, isAlone = false): Promise<Baseline> {
  const payloads = payloadsOf(payloadSize);
  const child = await startEchoProcess();
  const socket = net.connect({ host: '127.0.0.1', port: child.port, noDelay: true });
  await once(socket, 'connect');
  const waiting: (() => void)[] = [];
  let head = 0;
  let received = 0;
  let unsent: Uint8Array[] = [];
  socket.on('data', (chunk) => {
    received += chunk.length;
    for (; received >= payloadSize; received -= payloadSize) waiting[head++]!();
    if (head > 65_536) {
      waiting.splice(0, head);
      head = 0;
    }
  });
  const flush = (): void => {
    const blocks = unsent;
    unsent = [];
    if (blocks.length === 1) socket.write(blocks[0]!);
    else if (payloadSize < COPIED_BELOW) socket.write(Buffer.concat(blocks));
    else writeGathered(socket, blocks);
  };
  return {
    name: 'bare TCP echo',
    ask(index) {
      const payload = payloads[index % payloads.length]!;
      if (isAlone) {
        socket.write(payload);
      } else {
        if (unsent.length === 0) setImmediate(flush);
        unsent.push(payload);
      }
      return new Promise<void>((resolve) => waiting.push(resolve));
    },
    async stop() {
      socket.destroy();
      child.process.disconnect();
    },
  };
}

function writeGathered(socket: net.Socket, blocks: readonly Uint8Array[]): void {
  socket.cork();
  for (const block of blocks) socket.write(block);
  socket.uncork();
}

/** A thread that gives back what it is posted: what a call pays to get to a worker and back. */
export async function startPortEcho(payloadSize: number): Promise<Baseline> {
  const payloads = payloadsOf(payloadSize);
  const worker = new Worker(new URL('./port-echo.js', import.meta.url));
  await once(worker, 'online');
  const waiting: ((size: number) => void)[] = [];
  worker.on('message', (block: ArrayBuffer) => waiting.shift()!(block.byteLength));
  return {
    name: 'MessagePort echo',
    async ask(index) {
      const block = new ArrayBuffer(payloadSize);
      new Uint8Array(block).set(payloads[index % payloads.length]!);
      const size = await new Promise<number>((resolve) => {
        waiting.push(resolve);
        worker.postMessage(block, [block]);
      });
      if (size !== payloadSize) throw new Error(`${size} bytes came back from the thread`);
    },
    async stop() {
      await worker.terminate();
    },
  };
}

async function startEchoProcess(): Promise<{ process: ChildProcess; port: number }> {
  const file = fileURLToPath(new URL('./tcp-echo.js', import.meta.url));
  const child = fork(file, { silent: true });
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  return { process: child, port: Number(line.toString().trim()) };
}
