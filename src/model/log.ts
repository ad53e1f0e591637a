import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { keyOf } from '../api/client';
import type { Client, IJobKey, ILogFilter } from '../api/client';
import type { ILogRecord, ILogRow, ILogRows } from '../api/types';
import { LogSearch } from './logSearch';
import { plain } from './plain';

/** Rows of one request. */
export const PAGE = 250;
/** Pages kept at hand; a screen is a fraction of one. */
const KEPT_PAGES = 40;
/** Rows at the end that may still change: a run that is being folded. */
const UNSETTLED = 4;
/** Requests for the text that is copied. */
const COPIED_PAGES = 10;
/** Entries of an unfolded run that are shown. */
const MOST_UNFOLDED = 1000;

/**
 * A job's log as rows, of which only those near what is looked at are at hand.
 *
 * `_logChanged` tells the key of any job whose log grew.
 */
export class LogModel implements IDisposable {
  constructor(
    private _client: Client,
    private _logChanged: ISignal<unknown, string>,
    readonly key: IJobKey
  ) {
    this.search = new LogSearch(_client, this);
    _logChanged.connect(this._onLogChanged, this);
    this._renewal = window.setInterval(() => void this.update(), 30_000);
    void this.update();
  }

  readonly search: LogSearch;

  /** How many rows there are. */
  get count(): number {
    return this._count;
  }

  /** How many entries the whole log has. */
  get entries(): number {
    return this._entries;
  }

  /** The streams seen so far. */
  get streams(): readonly string[] {
    return [...this._streams].sort();
  }

  /** Why the log can't be read at the moment, or null. */
  get error(): string | null {
    return this._error;
  }

  get isLoaded(): boolean {
    return this._isLoaded;
  }

  /** Emitted when there are other rows, or rows are at hand that were not. */
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

  /** Whether runs of platform lines and of progress are a row each. */
  get isFolded(): boolean {
    return this._isFolded;
  }

  /** A number that differs when rows are counted anew: after another filter, say. */
  get round(): number {
    return this._round;
  }

  /** Where the whole log can be downloaded. */
  get address(): string {
    return this._client.logAddress(this.key);
  }

  setFilter(filter: ILogFilter): void {
    this._filter = filter;
    this._restart();
  }

  setFolded(isFolded: boolean): void {
    this._isFolded = isFolded;
    this._restart();
  }

  /** The row of that number, or undefined while it is not at hand. */
  row(index: number): ILogRow | undefined {
    return this._pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  /** Whether the rows from `first` up to `last` are all at hand. */
  has(first: number, last: number): boolean {
    for (let index = first; index <= last; index++) {
      if (!this.row(index)) {
        return false;
      }
    }
    return true;
  }

  /** Have these rows fetched if they are not at hand. */
  ensure(first: number, last: number): void {
    const from = Math.floor(Math.max(0, first) / PAGE);
    const to = Math.floor(Math.min(last, this._count - 1) / PAGE);
    for (let page = from; page <= to; page++) {
      const end = Math.min((page + 1) * PAGE, this._count) - 1;
      if (!this._asked.has(page) && !this.has(page * PAGE, end)) {
        void this._fetchPage(page);
      }
    }
  }

  /** The entries of an unfolded run, or null while it is folded. */
  unfolded(row: ILogRow): readonly ILogRecord[] | null {
    return this._unfolded.get(row.first) ?? null;
  }

  /** Unfold a run, or fold it again. */
  async toggle(row: ILogRow): Promise<void> {
    if (this._unfolded.delete(row.first)) {
      this._emit();
      return;
    }
    const limit = Math.min(row.count, MOST_UNFOLDED);
    await this._guarded(async () => {
      const page = await this._client.getLog(
        this.key,
        row.first,
        limit,
        this._filter
      );
      this._unfolded.set(row.first, page.records);
    });
  }

  /** The row that the entry of this number is in; null if it can't be said now. */
  async rowOf(seq: number): Promise<number | null> {
    try {
      const answer = await this._client.getLogRows(
        this.key,
        0,
        1,
        this._filter,
        this._isFolded,
        seq
      );
      return answer.start;
    } catch {
      return null;
    }
  }

  /** The last entries that are shown, as text. */
  async text(most: number): Promise<string> {
    const lines: string[] = [];
    let from = -most;
    // Where entries are long, a page has fewer of them than were asked for.
    for (let asked = 0; asked < COPIED_PAGES; asked++) {
      const page = await this._client.getLog(
        this.key,
        from,
        most - lines.length,
        this._filter
      );
      lines.push(...page.records.map(record => `${plain(record.text)}\n`));
      from = page.next;
      if (page.records.length === 0 || lines.length >= most) {
        break;
      }
    }
    return lines.join('');
  }

  /** An entry, with as much of its text as is given at once. */
  async entry(seq: number): Promise<ILogRecord | undefined> {
    const page = await this._client.getLog(this.key, seq, 1);
    return page.records[0];
  }

  /** Learn what came since. Calls while one is under way make it go round once more. */
  async update(): Promise<void> {
    this._isWanted = true;
    if (this._isBusy) {
      return;
    }
    this._isBusy = true;
    try {
      while (this._isWanted && !this._isDisposed) {
        this._isWanted = false;
        await this._fetchEnd();
      }
    } finally {
      this._isBusy = false;
    }
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    window.clearInterval(this._renewal);
    this._logChanged.disconnect(this._onLogChanged, this);
    this.search.dispose();
    Signal.clearData(this);
  }

  private _onLogChanged(_: unknown, key: string): void {
    if (key === keyOf(this.key)) {
      void this.update();
    }
  }

  private _restart(): void {
    this._round += 1;
    this._isLoaded = false;
    this._count = 0;
    this._pages.clear();
    this._asked.clear();
    this._unfolded.clear();
    this._emit();
    void this.update();
    void this.search.update();
  }

  private async _fetchEnd(): Promise<void> {
    const from = this._isLoaded ? Math.max(0, this._count - UNSETTLED) : -PAGE;
    await this._guarded(async round => {
      const answer = await this._fetch(from);
      if (round !== this._round) {
        return; // an answer to another filter than the one that is set now
      }
      if (answer.entries < this._entries) {
        // A store that was made anew: it is read from the end again.
        this._pages.clear();
        this._entries = 0;
        this._isLoaded = false;
        this._isWanted = true;
        return;
      }
      const grew = answer.entries !== this._entries;
      this._take(answer);
      this._isLoaded = true;
      if (grew) {
        void this.search.update();
      }
    });
  }

  private async _fetchPage(page: number): Promise<void> {
    this._asked.add(page);
    await this._guarded(async round => {
      const answer = await this._fetch(page * PAGE);
      if (round === this._round) {
        this._take(answer);
      }
    });
    this._asked.delete(page);
  }

  private _fetch(from: number): Promise<ILogRows> {
    return this._client.getLogRows(
      this.key,
      from,
      PAGE,
      this._filter,
      this._isFolded
    );
  }

  private _take(answer: ILogRows): void {
    // Answers may overtake each other: of two, the one that knows more entries counts.
    if (answer.entries >= this._entries || !this._isLoaded) {
      this._count = answer.total;
      this._entries = answer.entries;
    }
    for (const row of answer.rows) {
      const page = Math.floor(row.row / PAGE);
      const rows = this._pages.get(page) ?? [];
      rows[row.row % PAGE] = row;
      // The page that was used last is the last to go.
      this._pages.delete(page);
      this._pages.set(page, rows);
      this._streams.add(row.record.stream);
    }
    for (const page of this._pages.keys()) {
      if (this._pages.size <= KEPT_PAGES) {
        break;
      }
      this._pages.delete(page);
    }
  }

  private async _guarded(
    work: (round: number) => Promise<void>
  ): Promise<void> {
    const round = this._round;
    try {
      await work(round);
      this._error = null;
    } catch (error) {
      if (round === this._round) {
        this._error = error instanceof Error ? error.message : String(error);
      }
    }
    this._emit();
  }

  private _emit(): void {
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private _asked = new Set<number>();
  private _changed = new Signal<this, void>(this);
  private _count = 0;
  private _entries = 0;
  private _error: string | null = null;
  private _filter: ILogFilter = {};
  private _isBusy = false;
  private _isDisposed = false;
  private _isFolded = true;
  private _isLoaded = false;
  private _isWanted = false;
  private _pages = new Map<number, ILogRow[]>();
  private _renewal: number;
  private _round = 0;
  private _streams = new Set<string>();
  private _unfolded = new Map<number, readonly ILogRecord[]>();
}
