import { parentPort } from 'node:worker_threads';

/** The bare thread of the MessagePort baseline: gives every block back, transferred as it came. */
parentPort?.on('message', (block: ArrayBuffer) => parentPort?.postMessage(block, [block]));
