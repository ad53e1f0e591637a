import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { IJobKey, ILogFilter } from '../api/client';
import type { ILogRecord } from '../api/types';
import { keyOf } from './jobs';
import type { JobsModel } from './jobs';

const PAGE = 1000;
/** More than this many lines at once slow the browser down; earlier ones are a click away. */
const KEPT = 3000;

/** The end of a job's log, growing with it; earlier lines on demand. */
export class LogModel implements IDisposable {
  constructor(
    private _jobs: JobsModel,
    private _key: IJobKey,
    private _tail = PAGE
  ) {
    _jobs.logChanged.connect(this._onLogChanged, this);
    this._renewal = window.setInterval(() => void this.update(), 30_000);
    void this.update();
  }

  /** The lines at hand, in order. */
  get records(): readonly ILogRecord[] {
    return this._records;
  }

  /** Whether there are lines before the first at hand. */
  get hasEarlier(): boolean {
    return this._records.length > 0 && this._records[0].seq > 0;
  }

  /** Why the log can't be read at the moment, or null. */
  get error(): string | null {
    return this._error;
  }

  get isLoaded(): boolean {
    return this._isLoaded;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Which entries are shown. */
  get filter(): ILogFilter {
    return this._filter;
  }

  /** Show other entries, from the end of the log again. */
  setFilter(filter: ILogFilter): void {
    this._filter = filter;
    this._round += 1;
    this._isLoaded = false;
    this._next = 0;
    this._records = [];
    this._emit();
    void this.update();
  }

  /** Where the whole log can be downloaded. */
  get address(): string {
    return this._jobs.client.logAddress(this._key);
  }

  /** Fetch what came since. Calls while one is under way make it go round once more. */
  async update(): Promise<void> {
    this._isWanted = true;
    if (this._isBusy) {
      return;
    }
    this._isBusy = true;
    try {
      while (this._isWanted && !this._isDisposed) {
        this._isWanted = false;
        await this._fetchNewer();
      }
    } finally {
      this._isBusy = false;
    }
  }

  /** Fetch the page before the first line at hand. */
  async loadEarlier(): Promise<void> {
    const first = this._records[0]?.seq ?? 0;
    if (first === 0 || this._isLoadingEarlier) {
      return;
    }
    const from = Math.max(0, first - PAGE);
    this._isLoadingEarlier = true;
    try {
      const page = await this._jobs.client.getLog(
        this._key,
        from,
        first - from,
        this._filter
      );
      this._records = [
        ...page.records.filter(record => record.seq < first),
        ...this._records
      ];
      this._error = null;
    } catch (error) {
      this._error = error instanceof Error ? error.message : String(error);
    } finally {
      this._isLoadingEarlier = false;
    }
    this._emit();
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    window.clearInterval(this._renewal);
    this._jobs.logChanged.disconnect(this._onLogChanged, this);
    Signal.clearData(this);
  }

  private _onLogChanged(_: JobsModel, key: string): void {
    if (key === keyOf(this._key)) {
      void this.update();
    }
  }

  private async _fetchNewer(): Promise<void> {
    const from = this._isLoaded ? this._next : -this._tail;
    const round = this._round;
    try {
      const page = await this._jobs.client.getLog(
        this._key,
        from,
        PAGE,
        this._filter
      );
      if (round !== this._round) {
        return; // an answer to another filter than the one that is set now
      }
      if (this._isLoaded && page.total < this._next) {
        // A store that was rebuilt: read it again from the end.
        this._isLoaded = false;
        this._next = 0;
        this._records = [];
        this._isWanted = true;
        return;
      }
      const newer = page.records.filter(record => record.seq >= this._next);
      this._records = [...this._records, ...newer].slice(-KEPT);
      this._next = Math.max(page.next, this._isLoaded ? this._next : 0);
      this._isLoaded = true;
      this._error = null;
      // A page that stood still would be asked for without end.
      const moved = page.records.length > 0;
      this._isWanted = this._isWanted || (moved && page.next < page.total);
    } catch (error) {
      this._error = error instanceof Error ? error.message : String(error);
    }
    this._emit();
  }

  private _emit(): void {
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private _changed = new Signal<this, void>(this);
  private _error: string | null = null;
  private _filter: ILogFilter = {};
  private _round = 0;
  private _isBusy = false;
  private _isDisposed = false;
  private _isLoaded = false;
  private _isLoadingEarlier = false;
  private _isWanted = false;
  private _next = 0;
  private _records: ILogRecord[] = [];
  private _renewal: number;
}
