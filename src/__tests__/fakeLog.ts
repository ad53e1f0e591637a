import { Signal } from '@lumino/signaling';

import { Client } from '../api/client';
import type { IJobKey, ILogFilter } from '../api/client';
import type { ILogHits, ILogPage, ILogRecord, ILogRows } from '../api/types';

export const KEY = { target: 'local', kind: 'training', name: 'digits' };

/** A log in memory, paged, folded and searched as the server does it. */
export class FakeLog extends Client {
  constructor() {
    super({} as never);
  }

  /** Tells that the log of a job grew. */
  readonly logChanged = new Signal<FakeLog, string>(this);
  records: ILogRecord[] = [];
  /** Of each request for rows: where it began, and how many it wanted. */
  asked: number[] = [];
  filters: ILogFilter[] = [];
  searches = 0;
  /** Entries of a page, however many were asked for. */
  longestPage = Infinity;
  isDown = false;
  gates: Promise<void>[] = [];

  add(text: string, more: Partial<ILogRecord> = {}): void {
    this.records.push({
      seq: this.records.length,
      timestamp_ms: 1_700_000_000_000,
      stream: 'algo-1-99',
      severity: 'info',
      source: 'user',
      text,
      cut: 0,
      ...more
    });
  }

  grow(count: number): void {
    for (let n = 0; n < count; n++) {
      this.add(`line ${this.records.length}`);
    }
  }

  /** Hold the next answer back until the function that this gives is called. */
  gate(): () => void {
    let release: () => void = () => undefined;
    this.gates.push(new Promise(resolve => (release = resolve)));
    return () => release();
  }

  logAddress(): string {
    return '/log';
  }

  async getLogRows(
    _: IJobKey,
    from: number,
    limit: number,
    filter: ILogFilter,
    isFolded: boolean,
    around?: number
  ): Promise<ILogRows> {
    this.asked.push(from);
    this.filters.push(filter);
    await this._answer();
    const runs = this._runs(filter, isFolded);
    const start =
      around !== undefined
        ? runs.findIndex(run => run[run.length - 1].seq >= around)
        : from < 0
          ? Math.max(0, runs.length + from)
          : Math.min(from, runs.length);
    return {
      rows: runs.slice(start, start + limit).map((run, index) => ({
        row: start + index,
        first: run[0].seq,
        count: run.length,
        record: run[0]
      })),
      start,
      total: runs.length,
      entries: this.records.length
    };
  }

  async getLogHits(
    _: IJobKey,
    query: string,
    isRegex: boolean,
    filter: ILogFilter,
    isFolded: boolean
  ): Promise<ILogHits> {
    this.searches += 1;
    await this._answer();
    if (isRegex && query === '(') {
      throw new Error("'(' is no regular expression.");
    }
    const rows: number[] = [];
    const seqs: number[] = [];
    this._runs(filter, isFolded).forEach((run, row) => {
      for (const record of run.filter(one => one.text.includes(query))) {
        rows.push(row);
        seqs.push(record.seq);
      }
    });
    const marks = seqs.map(() => (isRegex ? [0, query.length] : []));
    return { total: rows.length, rows, seqs, marks };
  }

  async getLog(_: IJobKey, from: number, limit: number): Promise<ILogPage> {
    await this._answer();
    const first = from < 0 ? Math.max(0, this.records.length + from) : from;
    const some = this.records.slice(first, first + limit);
    // A single entry is given with more of its text.
    const records =
      limit === 1
        ? some.map(one => ({
            ...one,
            text: one.text + 'x'.repeat(Math.min(one.cut, 200_000)),
            cut: Math.max(one.cut - 200_000, 0)
          }))
        : some.slice(0, this.longestPage);
    return {
      records,
      next: first + records.length,
      total: this.records.length
    };
  }

  private async _answer(): Promise<void> {
    await this.gates.shift();
    if (this.isDown) {
      throw new Error('server away');
    }
  }

  private _runs(filter: ILogFilter, isFolded: boolean): ILogRecord[][] {
    const fit = this.records.filter(
      record =>
        (!filter.severity || record.severity === filter.severity) &&
        (!filter.stream || record.stream === filter.stream)
    );
    const runs: ILogRecord[][] = [];
    for (const record of fit) {
      const last = runs[runs.length - 1];
      if (
        isFolded &&
        record.source === 'platform' &&
        last?.[0].source === 'platform'
      ) {
        last.push(record);
      } else {
        runs.push([record]);
      }
    }
    return runs;
  }
}
