import type { Clock } from '../base/clock.js';
import { Ring } from '../base/ring.js';

/** A rule of the books that a partner may break: the sense data that answers it, and what it says. */
interface RuleEntry {
  /** Category and modifier (high half of the sense data); 0 when no negative response can carry it. */
  readonly sense: number;
  readonly text: string;
}

function rule(sense: number, text: string): RuleEntry {
  return { sense, text };
}

/**
 * Everything the embedded host checks of what it is sent.
 * @source SNA Formats GA27-3136 (sense data), RFC 1795 sections 3, 5, 7 and 8
 */
export const PROTOCOL_RULES = {
  // DLSw
  SSP_STREAM: rule(0, 'the stream is a row of whole SSP messages'),
  SSP_CONTROL: rule(0, 'a message of this type has the 72-byte header, protocol id 42 and the right direction'),
  SSP_TYPE: rule(0, 'the message type is known and sent in this role'),
  CAPABILITIES: rule(0, 'the capabilities exchange is well-formed, comes first and is answered'),
  CIRCUIT_UNKNOWN: rule(0, 'the remote circuit ids are those of a circuit of this connection'),
  CIRCUIT_STATE: rule(0, 'the message is allowed in this state of the circuit'),
  CIRCUIT_IDS: rule(0, 'addresses, SAPs and ids of the circuit stay what circuit start made them'),
  CREDIT_EXCEEDED: rule(0, 'no more INFOFRAMEs are sent than were granted'),
  FLOW_OPERATOR: rule(0, 'the flow control byte carries a valid operator where it may stand'),
  XID_FORMAT: rule(0, 'an XID is null, format 0 of 6 bytes or a whole format 3, of node type 2'),
  // TH and path
  TH_LENGTH: rule(0x800b, 'a PIU has a whole transmission header'),
  TH_FID: rule(0x8006, 'the transmission header is FID2 with its reserved bits zero'),
  TH_ODAI: rule(0x800f, 'ODAI is 0 for the sessions of a dependent LU'),
  TH_ADDRESS: rule(0x8005, 'DAF and OAF name a session that exists'),
  SEGMENT: rule(0x8007, 'segments come first, middle, last, of one normal-flow request, with one address pair and SNF'),
  PIU_LENGTH: rule(0x800a, 'no PIU is longer than the link allows'),
  // RH
  RH_LENGTH: rule(0x1002, 'a BIU has a whole request/response header'),
  RH_RESERVED: rule(0x4015, 'reserved bits of the RH, QRI, LCCI and RLWI are zero'),
  RH_CATEGORY: rule(0x4011, 'the RU category fits the flow and the session'),
  RH_CHAINING: rule(0x400b, 'BC and EC are both set where chains have one RU'),
  RH_FORMAT: rule(0x400f, 'the format indicator fits the RU'),
  RH_FORM: rule(0x4014, 'DR1, DR2 and ERI make a known form that stays the same within a chain'),
  RH_EXCEPTION: rule(0x4006, 'exception response is asked for only where the BIND allows it'),
  RH_DEFINITE: rule(0x4007, 'definite response is asked for only where the BIND allows it'),
  RH_NO_RESPONSE: rule(0x400a, 'no response is asked for only where the BIND allows it'),
  RH_BEGIN_BRACKET: rule(0x4003, 'BB stands only on the first RU of a chain'),
  RH_END_BRACKET: rule(0x4004, 'EB is sent only by an LU that may end brackets'),
  RH_BRACKETS: rule(0x400c, 'BB and EB are zero where no brackets are used'),
  RH_CHANGE_DIRECTION: rule(0x4009, 'CD stands only on the last RU of a chain'),
  RH_DIRECTION: rule(0x400d, 'CD is zero where the session is full duplex'),
  RH_CODE: rule(0x4010, 'the alternate code is used only where the BIND allows it'),
  RH_CIPHER: rule(0x4016, 'EDI and PDI are zero without cryptography'),
  RH_SENSE: rule(0x4013, 'SDI is set exactly on negative responses'),
  // responses
  RESPONSE_UNEXPECTED: rule(0x200e, 'a response answers a request that waits for one'),
  RESPONSE_ORDER: rule(0x200e, 'responses come in the order of the requests'),
  RESPONSE_FORM: rule(0x4014, 'a response echoes flow, category, format, DR1 and DR2 of its request'),
  RESPONSE_CODE: rule(0x4012, 'a response carries the request code, a negative one sense data before it'),
  BIND_RESPONSE: rule(0x0821, 'a response to a BIND returns the code, or an image changed only where it may be'),
  // SSCP sessions
  SSCP_STATE: rule(0x8009, 'nothing is sent on an SSCP session before it is active'),
  SSCP_IMMEDIATE: rule(0x200a, 'one request at a time waits for a response on an SSCP session'),
  SSCP_RU: rule(0x1002, 'a network services RU follows its layout'),
  SSCP_FUNCTION: rule(0x1003, 'the network services request is known'),
  // LU-LU sessions
  SEQUENCE: rule(0x2001, 'normal-flow sequence numbers rise by one'),
  CHAIN: rule(0x2002, 'chains begin with BC and end with EC'),
  BRACKET: rule(0x2003, 'data is sent only in a bracket, and BB only between brackets'),
  DIRECTION: rule(0x2004, 'data is sent only by the side that has the direction'),
  TRAFFIC_RESET: rule(0x2005, 'no data before SDT or after CLEAR'),
  QUIESCED: rule(0x2006, 'no data after SHUTC or QC'),
  IMMEDIATE_MODE: rule(0x200a, 'nothing is sent while a definite response is due'),
  PACING_EXCEEDED: rule(0x2011, 'no more requests are sent than the pacing window allows'),
  PACING_INDICATOR: rule(0x2011, 'PI stands on the first request of each window, and pacing responses answer one'),
  RU_LENGTH: rule(0x1002, 'no RU is longer than the BIND allows'),
  RU_LAYOUT: rule(0x1005, 'a request of session or data flow control follows its layout'),
  FUNCTION: rule(0x1003, 'the request code is part of the FM and TS profile and sent by the right side'),
} as const satisfies Record<string, RuleEntry>;

export type ProtocolRule = keyof typeof PROTOCOL_RULES;

/** One mistake of a partner. */
export interface ProtocolError {
  /** Clock milliseconds. */
  readonly atMs: number;
  readonly pu: string;
  readonly lu: string;
  readonly rule: ProtocolRule;
  readonly text: string;
  /** The PIU or message, at most its first 64 bytes. */
  readonly piuHex: string;
}

const KEPT = 200;
const HEX_BYTES = 64;

/** All mistakes seen: the last 200 in full, the others counted. A run with any is a failed run. */
export class ProtocolErrors {
  /** How many there were. */
  count = 0;
  private readonly kept = new Ring<ProtocolError>(KEPT);
  private readonly clock: Clock;
  private readonly onError: (error: ProtocolError) => void;

  constructor(clock: Clock, onError: (error: ProtocolError) => void = () => {}) {
    this.clock = clock;
    this.onError = onError;
  }

  /** Record one. @param note what exactly is wrong; the bytes are copied as hex */
  record(rule: ProtocolRule, pu: string, lu: string, note: string, bytes: Buffer, from: number, to: number): void {
    const text = note === '' ? PROTOCOL_RULES[rule].text : `${PROTOCOL_RULES[rule].text}: ${note}`;
    const piuHex = bytes.toString('hex', from, Math.min(to, from + HEX_BYTES));
    const error = { atMs: this.clock.nowMs(), pu, lu, rule, text, piuHex };
    this.count += 1;
    this.kept.push(error);
    this.onError(error);
  }

  /** The last ones, oldest first. */
  list(): ProtocolError[] {
    return this.kept.toArray();
  }
}
