import type { HostControl } from '../../src/host/host-control.js';

/** What an operation is about. */
export interface OperationTarget {
  readonly lu: string;
  readonly pu: string;
  readonly application: string;
  /** The LU has a session over which data may flow. */
  readonly isActive: boolean;
}

type Act = (control: HostControl, on: OperationTarget) => void;

const UNBIND_CLEANUP = 0x0f;
const UNBIND_FAILURE = 0xfe;
const SENSE_INOPERATIVE = 0x08020000;

/** What operators and applications of the host do to sessions, and where it lasts what ends it. */
export const HOST_OPERATIONS: readonly (readonly [name: string, act: Act, actBack?: Act])[] = [
  ['UNBIND', (control, { lu }) => control.unbind(lu)],
  ['UNBIND cleanup', (control, { lu }) => control.unbind(lu, UNBIND_CLEANUP)],
  ['UNBIND failure', (control, { lu }) => control.unbind(lu, UNBIND_FAILURE, SENSE_INOPERATIVE)],
  ['SHUTD', (control, { lu, isActive }) => (isActive ? control.closeSession(lu) : undefined)],
  ['CLEAR', (control, { lu }) => control.clear(lu)],
  ['SIGNAL', (control, { lu, isActive }) => (isActive ? control.signal(lu) : undefined)],
  ['ACTLU', (control, { lu }) => control.actlu(lu)],
  ['DACTLU', (control, { lu }) => control.dactlu(lu), (control, { lu }) => control.actlu(lu)],
  ['VARY INACT', (control, { lu }) => control.varyInact(lu), (control, { lu }) => control.actlu(lu)],
  ['ACTPU', (control, { pu }) => control.actpu(pu)],
  ['DACTPU', (control, { pu }) => control.dactpu(pu), (control, { pu }) => control.actpu(pu)],
  ['HALT_DL', (control, { pu }) => control.haltPu(pu)],
  ['RESTART_DL', (control, { pu }) => control.restartCircuit(pu)],
  ['drop connections', (control) => control.dropConnections()],
  [
    'close ACB',
    (control, { application }) => control.closeApplication(application),
    (control, { application }) => control.openApplication(application),
  ],
  [
    'SETLOGON HOLD',
    (control, { application }) => control.holdLogons(application),
    (control, { application }) => control.startLogons(application),
  ],
];
