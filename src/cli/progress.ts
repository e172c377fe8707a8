import type { Clock } from '../base/clock.js';
import type { CliIo, Output } from './io.js';
import { styleOf } from './style.js';
import { countText } from './table.js';

const BAR_WIDTH = 30;
const REDRAW_MS = 100;
const PLAIN_STEP = 0.25;
const TO_LINE_START = '\r\u001b[2K';

/** Shows how far something has come: a bar on a terminal, a plain line at each quarter elsewhere. */
export class Progress {
  private readonly output: Output;
  private readonly clock: Clock;
  private readonly label: string;
  private readonly paint: (text: string) => string;
  private drawnMs = Number.NEGATIVE_INFINITY;
  private plainAt = 0;
  private isOpen = true;

  /** @param label what is counted, such as 'sessions' */
  constructor(io: CliIo, output: Output, label: string) {
    this.output = output;
    this.clock = io.clock;
    this.label = label;
    this.paint = styleOf(io, output).green;
  }

  /** Show that `done` of `total` are there. */
  update(done: number, total: number): void {
    if (!this.isOpen) return;
    const part = total === 0 ? 1 : Math.min(1, done / total);
    if (this.output.isTerminal) this.draw(part, done, total);
    else this.plain(part, done, total);
  }

  /** Say something between two updates. */
  note(line: string): void {
    this.output.write(this.isOpen && this.output.isTerminal ? `${TO_LINE_START}${line}\n` : `${line}\n`);
    this.drawnMs = Number.NEGATIVE_INFINITY;
  }

  /** No more updates; `note` closes the line. */
  end(note = ''): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    if (this.output.isTerminal) this.output.write(note === '' ? '\n' : `${TO_LINE_START}${note}\n`);
    else if (note !== '') this.output.write(`${note}\n`);
  }

  private draw(part: number, done: number, total: number): void {
    const nowMs = this.clock.nowMs();
    if (part < 1 && nowMs - this.drawnMs < REDRAW_MS) return;
    this.drawnMs = nowMs;
    const width = Math.max(4, Math.min(BAR_WIDTH, this.output.columns - this.label.length - 24));
    const filled = Math.round(part * width);
    const bar = this.paint('='.repeat(filled)) + ' '.repeat(width - filled);
    this.output.write(`${TO_LINE_START}${this.label} [${bar}] ${countText(done)}/${countText(total)}`);
  }

  private plain(part: number, done: number, total: number): void {
    if (part < this.plainAt + PLAIN_STEP && (part < 1 || this.plainAt >= 1)) return;
    this.plainAt = Math.floor(part / PLAIN_STEP) * PLAIN_STEP;
    this.output.write(`${this.label}: ${countText(done)} of ${countText(total)}\n`);
  }
}
