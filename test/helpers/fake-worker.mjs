// A worker without a host, for tests of supervisor and gateway: it has the sessions its link defines, echoes requests,
// and misbehaves on command. On purpose it shares no code with src: the blocks are read and written as documented there.
// The text of a payload is the command: 'throw', 'exit', 'loop', 'garbage', 'hold' (no answer), 'refuse', 'unknown'
// (outcome unknown), 'lost' (session lost, not sent), 'bye' (its task returns), 'mute' (no pongs); else it is echoed.
// The name of the link tells how it starts: THROW, EXIT, RETURN, MUTE, DEAF (its link stays down), STUBBORN (no stop).

const DONE = 0;
const REFUSED = 1;
const FAILED = 2;

class AnswerBlock {
  bytes = Buffer.allocUnsafeSlow(2048);
  used = 8;
  count = 0;

  add(id, status, payload) {
    const end = this.used + 12 + ((payload.length + 3) & ~3);
    if (end > this.bytes.length) {
      const bigger = Buffer.allocUnsafeSlow(Math.max(end, 2 * this.bytes.length));
      this.bytes.copy(bigger, 0, 0, this.used);
      this.bytes = bigger;
    }
    this.bytes.writeUInt32LE(id, this.used);
    this.bytes.writeUInt32LE(status, this.used + 4);
    this.bytes.writeUInt32LE(payload.length, this.used + 8);
    this.bytes.set(payload, this.used + 12);
    this.used = end;
    this.count += 1;
  }

  take() {
    this.bytes.writeUInt32LE(this.used, 0);
    this.bytes.writeUInt32LE(this.count, 4);
    const block = this.bytes.buffer;
    this.bytes = Buffer.allocUnsafeSlow(Math.max(2048, this.used + (this.used >> 2)));
    this.used = 8;
    this.count = 0;
    return block;
  }
}

function sessionsPerGroup(link, groups) {
  const counts = new Array(groups).fill(0);
  for (const pu of link.pus) for (const lu of pu.lus) counts[lu.group] += 1;
  return counts;
}

class FakeWorker {
  answers = new AnswerBlock();
  isDue = false;
  isMute = false;
  held = new Set();
  requestCount = 0;

  constructor(start, end) {
    this.start = start;
    this.port = start.port;
    this.end = end;
    this.isMute = start.link.name.startsWith('MUTE');
    this.port.on('message', (message) => this.take(message));
    this.report();
  }

  take(message) {
    if (message.kind === 'requests') this.takeRequests(message);
    else this[message.kind](message);
  }

  report() {
    const { link, groups } = this.start;
    const isDown = link.name.startsWith('DEAF');
    const ready = sessionsPerGroup(link, groups.length).map((count) => (isDown ? 0 : count));
    const total = ready.reduce((sum, count) => sum + count, 0);
    const states = [0, 0, 0, 0, 0, total, 0, 0, 0, 0, 0];
    const report = { link: isDown ? 'DOWN' : 'ACTIVE', reason: isDown ? 'nobody there' : '', ready, states };
    this.port.postMessage({ kind: 'report', report });
  }

  takeRequests({ block }) {
    const bytes = Buffer.from(block);
    const count = bytes.readUInt32LE(4);
    let at = 8;
    for (let index = 0; index < count; index += 1) {
      const id = bytes.readUInt32LE(at);
      const length = bytes.readUInt32LE(at + 16);
      const payload = bytes.subarray(at + 20, at + 20 + length);
      this.requestCount += 1;
      if (length > 10) this.answer(id, DONE, payload);
      else this.command(id, payload);
      at += 20 + ((length + 3) & ~3);
    }
  }

  command(id, payload) {
    switch (payload.toString('latin1')) {
      case 'throw':
        throw new Error('told to throw');
      case 'exit':
        process.exit(7);
        break;
      case 'loop':
        for (;;);
      case 'garbage':
        this.port.postMessage({ kind: 'answers', block: new ArrayBuffer(4) });
        break;
      case 'hold':
        this.held.add(id);
        break;
      case 'refuse':
        this.answer(id, REFUSED, Buffer.alloc(0));
        break;
      case 'unknown':
        this.fail(id, 'OUTCOME_UNKNOWN');
        break;
      case 'lost':
        this.fail(id, 'SESSION_LOST');
        break;
      case 'bye':
        this.finish({
          workerId: this.start.workerId,
          reason: 'failed',
          error: { code: 'LINK_LOST', message: 'bye', details: {} },
        });
        break;
      case 'mute':
        this.isMute = true;
        break;
      default:
        this.answer(id, DONE, payload);
    }
  }

  fail(id, code) {
    this.answer(id, FAILED, Buffer.from(JSON.stringify({ code, message: `fake ${code}`, details: { fake: true } })));
  }

  answer(id, status, payload) {
    this.answers.add(id, status, payload);
    if (this.isDue) return;
    this.isDue = true;
    setImmediate(() => this.flush());
  }

  flush() {
    this.isDue = false;
    if (this.answers.count === 0) return;
    const block = this.answers.take();
    this.port.postMessage({ kind: 'answers', block }, [block]);
  }

  counters() {
    const none = { replies: 0, refused: 0, lateReplies: 0, piusIn: 0, piusOut: 0, bytesIn: 0, bytesOut: 0 };
    return { requests: this.requestCount, ...none, protocolErrors: 0, sessionsLost: 0 };
  }

  cancel({ ids }) {
    for (const id of ids) if (this.held.delete(id)) this.fail(id, 'CALL_TIMEOUT');
  }

  ping({ seq }) {
    if (!this.isMute) this.port.postMessage({ kind: 'pong', seq, counters: this.counters(), heapBytes: 1000 });
  }

  inspect({ seq }) {
    const { link } = this.start;
    const rows = link.pus.flatMap((pu) =>
      pu.lus.map((lu) => {
        const { name, localAddress, group } = lu;
        return { lu: name, pu: pu.name, localAddress, state: 'ACTIVE', group, reason: '', calls: 0 };
      }),
    );
    this.port.postMessage({ kind: 'inspected', seq, rows, counters: this.counters() });
  }

  trace({ pius, dlsw }) {
    this.port.postMessage({ kind: 'event', name: 'fake.trace', details: { pius, dlsw } });
    const block = new Uint8Array([pius ? 1 : 0, dlsw ? 1 : 0]).buffer;
    this.port.postMessage({ kind: 'trace', block }, [block]);
  }

  stop() {
    if (this.start.link.name.startsWith('STUBBORN')) return;
    this.finish({ workerId: this.start.workerId, reason: 'stopped' });
  }

  finish(end) {
    this.flush();
    this.port.close();
    this.end(end);
  }
}

export default function fakeWorker(start) {
  const { name } = start.link;
  if (name.startsWith('THROW')) throw new Error('told to throw at start');
  if (name.startsWith('EXIT')) process.exit(3);
  if (name.startsWith('RETURN')) return Promise.resolve({ workerId: start.workerId, reason: 'stopped' });
  return new Promise((resolve) => new FakeWorker(start, resolve));
}
