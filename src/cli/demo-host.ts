import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ERRORS, type ErrorRecord, HostLinkError } from '../base/errors.js';
import type { ExecutedReport } from './executed.js';
import type { HostOrder } from './host-command.js';

/** What `hostlink host --json` says, one object a line. */
export type HostLine =
  | { readonly event: 'listening'; readonly address: string; readonly port: number }
  | { readonly event: 'report'; readonly protocolErrors: number; readonly executed?: ExecutedReport }
  | { readonly event: 'protocolError'; readonly rule: string; readonly text: string; readonly lu: string }
  | { readonly error: ErrorRecord };

/** How the embedded host ended. */
export interface HostEnd {
  /** undefined when it ended without a word. */
  readonly protocolErrors: number | undefined;
  /** The host's book of the application that the load was for. */
  readonly executed: ExecutedReport | undefined;
  readonly faults: readonly string[];
}

const FAULTS_KEPT = 5;

/** The embedded host as a process of its own. */
export class DemoHost {
  readonly port: number;
  private readonly child: ChildProcess;
  private readonly ended: Promise<HostEnd>;

  private constructor(child: ChildProcess, port: number, ended: Promise<HostEnd>) {
    this.child = child;
    this.port = port;
    this.ended = ended;
  }

  /**
   * Start it. It ends by itself when this process is gone.
   * @param port overrides the definitions' own; 0 takes any free one
   * @param executed application whose requests it is to keep a book of
   * @throws HostLinkError what the host says, PORT_TAKEN for one; INTERNAL when it ends without a word
   */
  static async start(definitions: string, port?: number, executed?: string): Promise<DemoHost> {
    const main = fileURLToPath(new URL('./main.js', import.meta.url));
    const args = [main, 'host', '-c', definitions, '--json'];
    if (port !== undefined) args.push('--port', String(port));
    if (executed !== undefined) args.push('--executed', executed);
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    const lines = createInterface({ input: child.stdout! });
    const ended = readToEnd(child, lines);
    const first = await firstLine(child, lines);
    if ('error' in first && first.error.code in ERRORS) throw HostLinkError.fromRecord(first.error);
    if ('event' in first && first.event === 'listening') return new DemoHost(child, first.port, ended);
    child.kill('SIGKILL');
    throw new HostLinkError('INTERNAL', 'The embedded host said something unexpected.', { line: first });
  }

  /** Have it cut the connection of the PU with this XID. */
  cutPu(id: string): void {
    this.child.send({ cutPu: id } satisfies HostOrder);
  }

  /** Stop it, and hear what it has to say. */
  async stop(): Promise<HostEnd> {
    this.child.kill('SIGTERM');
    return this.ended;
  }

  get pid(): number | undefined {
    return this.child.pid;
  }
}

function parseLine(line: string): HostLine | undefined {
  try {
    return JSON.parse(line) as HostLine;
  } catch {
    return undefined;
  }
}

function firstLine(child: ChildProcess, lines: Interface): Promise<HostLine> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => reject(new HostLinkError('INTERNAL', 'The embedded host ended at once.', { code })));
    lines.once('line', (line) => {
      const first = parseLine(line);
      if (first !== undefined) resolve(first);
      else reject(new HostLinkError('INTERNAL', 'The embedded host said something unexpected.', { line }));
    });
  });
}

async function readToEnd(child: ChildProcess, lines: Interface): Promise<HostEnd> {
  let protocolErrors: number | undefined;
  let executed: ExecutedReport | undefined;
  const faults: string[] = [];
  lines.on('line', (line) => {
    const said = parseLine(line);
    if (said === undefined || !('event' in said)) return;
    if (said.event === 'report') ({ protocolErrors, executed } = said);
    if (said.event === 'protocolError' && faults.length < FAULTS_KEPT)
      faults.push(`${said.rule} ${said.lu}: ${said.text}`);
  });
  await new Promise((resolve) => child.once('close', resolve));
  return { protocolErrors, executed, faults };
}
