import { type ErrorEntry, entry, FROM_PEER, LOOK_AT_TRACE, TPERRNO as T } from './error-entry.js';

/** Errors of codecs, of the carrier and of links: the first part of the closed list. */
export const WIRE_ERRORS = {
  // codecs
  TH_TRUNCATED: entry(T.TPEPROTO, 'The PIU is shorter than a FID2 transmission header.', FROM_PEER, LOOK_AT_TRACE),
  TH_NOT_FID2: entry(T.TPEPROTO, 'The transmission header is not FID2.', FROM_PEER, LOOK_AT_TRACE),
  TH_INVALID: entry(
    T.TPEINVAL,
    'A transmission header field is out of range.',
    'A field does not fit its bits.',
    'Give daf and oaf 0..255 and snf 0..65535.',
  ),
  RH_TRUNCATED: entry(T.TPEPROTO, 'The PIU ends inside the request/response header.', FROM_PEER, LOOK_AT_TRACE),
  RH_INVALID: entry(
    T.TPEINVAL,
    'A request/response header cannot be encoded from these values.',
    'An indicator of requests is set on a response, or the other way round.',
    'Correct the field that details.field names.',
  ),
  RU_TRUNCATED: entry(T.TPEPROTO, 'The request unit is shorter than its layout.', FROM_PEER, LOOK_AT_TRACE),
  RU_MALFORMED: entry(T.TPEPROTO, 'The request unit does not follow its layout.', FROM_PEER, LOOK_AT_TRACE),
  RU_INVALID: entry(
    T.TPEINVAL,
    'A request unit cannot be encoded from these values.',
    'A field is out of range.',
    'Correct the field that details.field names.',
  ),
  XID_MALFORMED: entry(T.TPEPROTO, 'The XID does not follow its layout.', FROM_PEER, LOOK_AT_TRACE),
  XID_INVALID: entry(
    T.TPEINVAL,
    'An XID cannot be encoded from these values.',
    'A field is out of range.',
    'Give idBlk as 3 and idNum as 5 hex digits; see details.field.',
  ),
  SDLC_MALFORMED: entry(T.TPEPROTO, 'The bytes are not an SDLC frame.', FROM_PEER, LOOK_AT_TRACE),
  PIU_TOO_LONG: entry(
    T.TPELIMIT,
    'The PIU is longer than allowed.',
    'A BTU or RU size differs between the two sides.',
    'Compare piuSizeMax with the MAXDATA of the host.',
  ),
  SEGMENT_SEQUENCE: entry(T.TPEPROTO, 'A segment came out of sequence.', FROM_PEER, LOOK_AT_TRACE),
  EBCDIC_UNMAPPABLE: entry(
    T.TPEITYPE,
    'A character has no place in the code page.',
    'The text holds characters that the host code page lacks.',
    'Choose another codePage, or replace the character.',
  ),
  EBCDIC_MALFORMED: entry(
    T.TPEITYPE,
    'The EBCDIC bytes are not valid in the code page.',
    'Unpaired shift-out/shift-in, or half a double-byte character.',
    'Check the codePage of the service, or take the reply as bytes.',
  ),
  CODE_PAGE_UNKNOWN: entry(
    T.TPEINVAL,
    'The code page is not known.',
    'Only the listed code pages are built in.',
    'Use one of those that details.allowed names.',
  ),
  // DLSw
  SSP_TRUNCATED: entry(T.TPEPROTO, 'The SSP message is shorter than its header says.', FROM_PEER, LOOK_AT_TRACE),
  SSP_MALFORMED: entry(
    T.TPEPROTO,
    'The bytes are not an SSP message.',
    'The peer is not a DLSw, or framing was lost.',
    'Check the peer address and port; the connection is closed and tried again.',
  ),
  SSP_TOO_LONG: entry(
    T.TPELIMIT,
    'The SSP message is longer than allowed.',
    'The peer is not a DLSw, or framing was lost.',
    'Check the peer address and port.',
  ),
  SSP_INVALID: entry(
    T.TPEINVAL,
    'An SSP message cannot be encoded from these values.',
    'A field is out of range.',
    'Correct the field that details.field names.',
  ),
  CAPABILITIES_MALFORMED: entry(T.TPEPROTO, 'The capabilities exchange could not be read.', FROM_PEER, LOOK_AT_TRACE),
  CAPABILITIES_REFUSED: entry(
    T.TPENOREADY,
    'The DLSw peer refused our capabilities.',
    'The peer wants another DLSw version or a vendor feature.',
    'See details.reasons and the DLSw options of the link.',
  ),
  // link
  LINK_REFUSED: entry(
    T.TPENOREADY,
    'The host link could not be opened.',
    'Nothing listens at the peer address, or a firewall is between.',
    'Start the host or the router; the link tries again by itself.',
  ),
  LINK_TIMEOUT: entry(
    T.TPENOREADY,
    'The host side did not answer in time while the link was being established.',
    'The partner is up but does not know this PU, or waits for an operator.',
    'Check MAC addresses, SAPs and that the PU is active at the host.',
  ),
  LINK_XID_REFUSED: entry(
    T.TPENOREADY,
    'The host ended the circuit after our XID.',
    'IDBLK and IDNUM match no PU definition of the host, or that PU is in use or inactive.',
    'Compare idBlk and idNum with the switched major node of the host.',
  ),
  LINK_LOST: entry(
    T.TPESVCERR,
    'The host link was lost.',
    'The TCP connection ended, or the host halted the circuit.',
    'The link comes back by itself; see the log for the reason.',
  ),
  LINK_PROTOCOL_ERROR: entry(T.TPESVCERR, 'The DLSw partner broke the protocol.', FROM_PEER, LOOK_AT_TRACE),
  LINK_CONGESTED: entry(
    T.TPELIMIT,
    'The link holds too many unsent PIUs.',
    'The host grants no flow-control units.',
    'Look at the host; raise backlogMax of the link if it is only slow.',
  ),
  PORT_TAKEN: entry(
    T.TPEOS,
    'The address and port are in use.',
    'Another program, or another hostlink, listens there.',
    'Stop it or choose another port.',
  ),
} as const satisfies Record<string, ErrorEntry>;
