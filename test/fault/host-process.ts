import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../src/cli/package-root.js';
import type { HostDefinitionsInput } from '../../src/host/definitions.js';

const SCRIPT = 'test/fault/ledger-host.mjs';

export interface LedgerHostReport {
  readonly protocolErrors: number;
  /** The first few, in words. */
  readonly list: readonly string[];
  readonly sessions: { readonly active: number; readonly pending: number; readonly queued: number };
}

/** The embedded host as a process that may be killed and started again on its port, with a ledger that outlives it. */
export class LedgerHost {
  /** Of the first start; later ones take the same. */
  port = 0;
  readonly ledger: string;
  /** Ends that nobody ordered, in words. */
  readonly crashes: string[] = [];
  private readonly folder: string;
  private readonly definitions: string;
  private child: ChildProcess | undefined;
  private report: LedgerHostReport | undefined;
  private isExpected = false;

  private constructor(definitions: HostDefinitionsInput) {
    this.folder = mkdtempSync(join(tmpdir(), 'hostlink-fault-'));
    this.ledger = join(this.folder, 'ledger');
    this.definitions = join(this.folder, 'host.json');
    writeFileSync(this.definitions, JSON.stringify(definitions));
  }

  static async start(definitions: HostDefinitionsInput): Promise<LedgerHost> {
    const host = new LedgerHost(definitions);
    await host.start();
    return host;
  }

  /** Start it again, after `kill`. Resolves once it listens. */
  async start(): Promise<void> {
    const args = [join(packageRoot(), SCRIPT), this.definitions, String(this.port), this.ledger];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    this.child = child;
    this.isExpected = false;
    const ended = once(child, 'exit');
    child.once('exit', (code, signal) => {
      if (!this.isExpected) this.crashes.push(`the host ended by itself: ${signal ?? `code ${code}`}`);
    });
    const listening = new Promise<void>((resolve) => {
      createInterface({ input: child.stdout! }).on('line', (line) => {
        const said = JSON.parse(line) as { event: string; port: number } & LedgerHostReport;
        if (said.event === 'report') this.report = said;
        if (said.event !== 'listening') return;
        this.port = said.port;
        resolve();
      });
    });
    await Promise.race([listening, ended]);
    if (child.exitCode !== null) throw new Error(`the host did not start: code ${child.exitCode}`);
  }

  /** kill -9. Resolves when the process is gone. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Stop it in order. @returns what it has seen since its last start; undefined when it ended without a word */
  async stop(): Promise<LedgerHostReport | undefined> {
    this.report = undefined;
    await this.end('SIGTERM');
    return this.report;
  }

  /** Remove ledger and definitions. */
  clean(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    this.isExpected = true;
    const gone = once(child, 'close');
    child.kill(signal);
    await gone;
  }
}
