import { readFileSync } from 'node:fs';
import { HostLinkError } from '../base/errors.js';
import { printProblem } from '../config/problems.js';
import { parseYaml, readYaml } from '../config/yaml-source.js';
import { type HostDefinitionsInput, hostDefinitions } from '../host/definitions.js';
import { EmbeddedHost } from '../host/embedded-host.js';
import type { HostReport } from '../host/report.js';
import { Executed, type ExecutedReport } from './executed.js';
import { type CliIo, firstSignal, print, printJson } from './io.js';
import { type Commands, wholeNumber } from './run-command.js';
import { styleOf } from './style.js';
import { countText, tableLines } from './table.js';

export interface HostCommandOptions {
  readonly config: string;
  readonly port?: number;
  readonly json?: boolean;
  /** Application whose requests all begin differently. */
  readonly executed?: string;
}

/** What the process that started us may send: cut the connection of the PU with this XID. */
export interface HostOrder {
  readonly cutPu: string;
}

const PORT_MAX = 65_535;
const ERRORS_SHOWN = 10;

/** Run the embedded host until a signal; then print what it saw. @returns 1 when partners broke the protocol */
export async function runHost(io: CliIo, options: HostCommandOptions): Promise<number> {
  const definitions = withPort(readDefinitions(options.config), options.port);
  const executed = options.executed === undefined ? undefined : new Executed(options.executed);
  const host = await EmbeddedHost.start(definitions, {
    clock: io.clock,
    ...(executed === undefined ? {} : { onLedger: executed.onLedger }),
  });
  const ended = firstSignal(io);
  const forget = io.onOrder((order) => {
    if (isOrder(order)) host.control.cutPu(order.cutPu);
  });
  const { address, port } = host;
  if (options.json) printJson(io.out, { event: 'listening', address, port });
  else print(io.out, `embedded host: listening on ${address}:${port}; Ctrl-C stops it and prints its report`);
  await ended;
  forget();
  const report = host.report();
  await host.stop();
  if (options.json) printJsonReport(io, report, executed?.report());
  else for (const line of reportLines(report)) print(io.out, line);
  return printVerdict(io, report, options);
}

/** @throws HostLinkError CONFIG_UNREADABLE, HOST_CONFIG_INVALID with every mistake and where it is */
function readDefinitions(file: string): HostDefinitionsInput {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new HostLinkError('CONFIG_UNREADABLE', (cause as Error).message, { file }, { cause });
  }
  const result = readYaml(text, file, hostDefinitions);
  if ('value' in result) return parseYaml(text, file, hostDefinitions).data as HostDefinitionsInput;
  const { problems } = result;
  throw new HostLinkError('HOST_CONFIG_INVALID', `\n${problems.map(printProblem).join('\n')}`, { problems });
}

function withPort(definitions: HostDefinitionsInput, port: number | undefined): HostDefinitionsInput {
  if (port === undefined) return definitions;
  return { ...definitions, listen: { ...definitions.listen, port } };
}

function isOrder(order: unknown): order is HostOrder {
  return typeof order === 'object' && order !== null && typeof (order as HostOrder).cutPu === 'string';
}

function printJsonReport(io: CliIo, report: HostReport, executed: ExecutedReport | undefined): void {
  const { protocolErrors, ledger: _ledger, ...rest } = report;
  for (const { rule, text, pu, lu, piuHex } of protocolErrors.list) {
    printJson(io.out, { event: 'protocolError', rule, text, pu, lu, piuHex });
  }
  printJson(io.out, {
    event: 'report',
    ...rest,
    protocolErrors: protocolErrors.count,
    ...(executed ? { executed } : {}),
  });
}

function reportLines(report: HostReport): string[] {
  const { sessions, applications, pus } = report;
  const right = (title: string) => ({ title, align: 'right' as const });
  return [
    `${countText(report.piusIn)} PIUs in, ${countText(report.piusOut)} out; sessions at the end: ` +
      `${sessions.active} active, ${sessions.pending} pending, ${sessions.queued} logons waiting`,
    `PUs: ${pus.map(({ name, state }) => `${name} ${state}`).join(', ')}`,
    '',
    ...tableLines(
      [{ title: 'APPLICATION' }, { title: 'ACB' }, right('SESSIONS'), right('REQUESTS'), right('REPLIES')],
      applications.map(({ name, isOpen, sessions: count, requests, replies }) => [
        name,
        isOpen ? 'open' : 'closed',
        countText(count),
        countText(requests),
        countText(replies),
      ]),
    ),
    '',
  ];
}

function printVerdict(io: CliIo, { protocolErrors }: HostReport, { json }: HostCommandOptions): number {
  const { count, list } = protocolErrors;
  if (json) return count === 0 ? 0 : 1;
  const style = styleOf(io, io.out);
  const verdict = `${countText(count)} protocol errors`;
  print(io.out, count === 0 ? style.green(verdict) : style.red(verdict));
  for (const { rule, text, pu, lu, piuHex } of list.slice(0, ERRORS_SHOWN)) {
    print(io.out, style.red(`  ${pu}/${lu} ${rule}: ${text}`));
    print(io.out, `    ${piuHex}`);
  }
  if (count > ERRORS_SHOWN) print(io.out, `  and ${countText(count - ERRORS_SHOWN)} more`);
  return count === 0 ? 0 : 1;
}

export function addHostCommand({ io, program, run }: Commands): void {
  program
    .command('host')
    .description('run the embedded host: an SSCP with applications that checks every byte it is sent')
    .requiredOption('-c, --config <file>', 'host definitions, such as examples/host.yaml')
    .option('--port <number>', 'listen on this port; 0 takes any free one', wholeNumber(0, PORT_MAX))
    .option('--executed <application>', 'tell in the JSON report whether this one executed any request twice')
    .option('--json', 'print JSON, one object a line')
    .action((options: HostCommandOptions) => run(() => runHost(io, options), options.json));
}
