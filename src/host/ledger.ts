/** What one application did for one LU since the host started. */
export interface LedgerRow {
  readonly pu: string;
  readonly lu: string;
  readonly application: string;
  /** Sessions that became active. */
  sessions: number;
  /** Chains of the LU given to the program. */
  requests: number;
  /** Chains sent to the LU. */
  replies: number;
  bytesIn: number;
  bytesOut: number;
  /** Negative responses sent. */
  rejected: number;
}

/** Called for each request that a program executes; `bytes[from, to)` is valid during the call only. */
export type OnLedger = (row: Readonly<LedgerRow>, bytes: Buffer, from: number, to: number) => void;

/** The books of all applications: one row per LU and application, kept over sessions. */
export class Ledger {
  private readonly rows = new Map<string, LedgerRow>();

  row(pu: string, lu: string, application: string): LedgerRow {
    const key = `${pu}/${lu}/${application}`;
    let row = this.rows.get(key);
    if (!row) {
      row = { pu, lu, application, sessions: 0, requests: 0, replies: 0, bytesIn: 0, bytesOut: 0, rejected: 0 };
      this.rows.set(key, row);
    }
    return row;
  }

  list(): LedgerRow[] {
    return [...this.rows.values()].map((row) => ({ ...row }));
  }
}
