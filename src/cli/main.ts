#!/usr/bin/env node
import { processIo } from './io.js';
import { runCli } from './program.js';

// The reader of a pipe may leave before everything is printed (hostlink status | head): that is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

process.exitCode = await runCli(process.argv.slice(2), processIo());
