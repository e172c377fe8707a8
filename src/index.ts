export { type ErrorEntry, TPERRNO } from './base/error-entry.js';
export { ERRORS, type ErrorCode, type ErrorRecord, HostLinkError } from './base/errors.js';
export type { EventName } from './base/events.js';
export { createLog, type Log, type LogLevel, type LogOptions, type LogPart } from './base/log.js';
export type { LinkState, SessionRow, SessionState, WorkerCounters } from './channel/messages.js';
export { loadConfig } from './config/load.js';
export type {
  GroupConfig,
  HeaderConfig,
  HostLinkConfig,
  LinkConfig,
  LuConfig,
  PuConfig,
  ServerConfig,
  ServiceConfig,
} from './config/model.js';
export type { Problem } from './config/problems.js';
export type { HostLinkInput } from './config/schema.js';
export type { WorkerState } from './dispatch/directory.js';
export type { DispatchCounters } from './dispatch/dispatch-counters.js';
export type { ServiceStats } from './dispatch/service-counters.js';
export { CALL_TIMEOUT_MAX_MS, type CallOptions, type OpenOptions } from './gateway/call-options.js';
export { type HeldMessage, HeldSession, type OperationLimits, type SendOptions } from './gateway/held-session.js';
export type { HeldStats } from './gateway/held-sessions.js';
export {
  HostLink,
  type HostLinkEvent,
  type HostLinkEvents,
  type HostLinkOptions,
  type SessionInfo,
} from './gateway/host-link.js';
export type {
  HoldTarget,
  OperationOptions,
  OperationResult,
  Operations,
  SessionTarget,
} from './gateway/operations.js';
export type { ReadyOptions, SessionProgress } from './gateway/readiness.js';
export type {
  GroupStats,
  HostLinkStats,
  LinkStats,
  RuntimeState,
  SessionCounts,
  WorkerStats,
  WorkLeft,
} from './gateway/stats.js';
export type { StopMode, StopOptions } from './gateway/stopping.js';
export type { TraceOptions, TraceSink } from './gateway/traces.js';
