import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { Client, IJobKey, ILogFilter } from '../api/client';
import type { ILogHits } from '../api/types';

/** A log that grows is searched again this often at most. */
const PAUSE_MS = 2_000;

/** What a search must know of the log that it searches. */
export interface ISearchedLog {
  readonly key: IJobKey;
  readonly filter: ILogFilter;
  readonly isFolded: boolean;
  /** Another number once the log has other entries. */
  readonly round: number;
}

/** A search in a log: how often something is found, and the find that is looked at. */
export class LogSearch implements IDisposable {
  constructor(
    private _client: Client,
    private _log: ISearchedLog
  ) {}

  get query(): string {
    return this._query;
  }

  get isRegex(): boolean {
    return this._isRegex;
  }

  /** How many entries it is found in; null while that is not known. */
  get total(): number | null {
    return this._hits ? this._hits.total : null;
  }

  /** Which of the finds is looked at, from 0; -1 while none is. */
  get current(): number {
    return this._current;
  }

  /** The find that is looked at: its row, and the number of its entry. */
  get find(): { row: number; seq: number } | null {
    const { rows, seqs } = this._hits ?? { rows: [], seqs: [] };
    return this._current >= 0 && this._current < rows.length
      ? { row: rows[this._current], seq: seqs[this._current] }
      : null;
  }

  /**
   * Where in an entry an expression is found: begins and ends in turn. The server says so, which can
   * end an expression that runs away, as a browser can not. Null for a plain text.
   */
  marksOf(seq: number): number[] | null {
    return this._isRegex ? (this._marks.get(seq) ?? []) : null;
  }

  /** Why nothing could be searched, or null. */
  get error(): string | null {
    return this._error;
  }

  /** Emitted when there are other finds, or another one is looked at. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Search for something else. */
  set(query: string, isRegex: boolean): void {
    this._query = query;
    this._isRegex = isRegex;
    this._hits = null;
    this._marks = new Map();
    this._error = null;
    this._current = -1;
    this._searchedAt = 0;
    this._changed.emit();
    void this.update();
  }

  /** Look at the find `step` further on; past the last one comes the first. */
  go(step: number): void {
    const count = this._hits?.rows.length ?? 0;
    if (count > 0) {
      const from = this._current < 0 && step < 0 ? 0 : this._current;
      this._current = (from + step + count) % count;
      this._changed.emit();
    }
  }

  /** Search now, or soon if that was done a moment ago. */
  async update(): Promise<void> {
    window.clearTimeout(this._timer);
    if (!this._query || this._isDisposed) {
      return;
    }
    const wait = this._searchedAt + PAUSE_MS - Date.now();
    if (wait > 0) {
      this._timer = window.setTimeout(() => void this.update(), wait);
      return;
    }
    this._searchedAt = Date.now();
    const asked = `${this._log.round} ${this._isRegex} ${this._query}`;
    const isCurrent = () =>
      asked === `${this._log.round} ${this._isRegex} ${this._query}`;
    try {
      const hits = await this._client.getLogHits(
        this._log.key,
        this._query,
        this._isRegex,
        this._log.filter,
        this._log.isFolded
      );
      if (!isCurrent() || this._isDisposed) {
        return;
      }
      const isFirst = this._hits === null;
      const seq = this.find?.seq;
      this._hits = hits;
      this._marks = new Map(hits.seqs.map((one, at) => [one, hits.marks[at]]));
      this._error = null;
      this._current = isFirst
        ? hits.rows.length - 1
        : hits.seqs.indexOf(seq ?? -1);
    } catch (error) {
      if (!isCurrent() || this._isDisposed) {
        return;
      }
      this._error = error instanceof Error ? error.message : String(error);
    }
    this._changed.emit();
  }

  dispose(): void {
    this._isDisposed = true;
    window.clearTimeout(this._timer);
    Signal.clearData(this);
  }

  private _changed = new Signal<this, void>(this);
  private _current = -1;
  private _error: string | null = null;
  private _hits: ILogHits | null = null;
  private _isDisposed = false;
  private _isRegex = false;
  private _marks = new Map<number, number[]>();
  private _query = '';
  private _searchedAt = 0;
  private _timer: number | undefined;
}
