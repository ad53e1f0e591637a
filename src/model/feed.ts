import type { Event } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import type { ISignal, IStream } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { ApiError, keyOf } from '../api/client';
import type { Client, IJobKey } from '../api/client';
import type { IChange } from '../api/types';

const CHANGE_SCHEMA = 'urn:jupyter_sm:change';
const SETTLE_MS = 30;
const RETRY_MS = 2000;

/** What follows the feed: it fetches what it is told to, and throws when it can't. */
export interface IFollower {
  /** Fetch everything; gives the number of the last change that is in it. */
  fetchAll(): Promise<number>;
  /** Fetch these jobs, and the targets if asked to. */
  fetchSome(jobs: readonly IJobKey[], withTargets: boolean): Promise<void>;
}

/**
 * The server's feed of changes, by which a store stays true.
 *
 * An event says that something changed; what it is now is fetched. A slow poll of the feed
 * catches what was missed while the connection or the server was away.
 */
export class ChangeFeed implements IDisposable {
  constructor(
    private _client: Client,
    private _events: IStream<unknown, Event.Emission>,
    private _follower: IFollower,
    pollInterval: number
  ) {
    _events.connect(this._onEvent, this);
    this._poll = new Poll({
      factory: () => this._catchUp(),
      frequency: { interval: pollInterval, backoff: true, max: 30_000 },
      name: 'jupyter_sm:changes',
      standby: 'when-hidden'
    });
  }

  /** Whether everything was fetched once. */
  get isLoaded(): boolean {
    return this._isLoaded;
  }

  /** Why the server can't be asked at the moment, or null. */
  get error(): string | null {
    return this._error;
  }

  /** Whether the server itself said why, or else that the API is not there. */
  get refusal(): 'told' | 'missing' | null {
    return this._refusal;
  }

  /** Emitted when something was fetched, or could not be. */
  get fetched(): ISignal<this, void> {
    return this._fetched;
  }

  /** Emitted with a job's key when its log grew. */
  get logChanged(): ISignal<this, string> {
    return this._logChanged;
  }

  /** Emitted when numbers began anew and everything was fetched: no log is what it was. */
  get reset(): ISignal<this, void> {
    return this._reset;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Have everything fetched anew. */
  async refresh(): Promise<void> {
    await this._guarded(async () => {
      // What an event had fetched meanwhile is fetched again from this number on.
      this._seq = await this._follower.fetchAll();
      this._isLoaded = true;
    });
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._events.disconnect(this._onEvent, this);
    this._poll.dispose();
    window.clearTimeout(this._timer);
    Signal.clearData(this);
  }

  private _onEvent(_: unknown, event: Event.Emission): void {
    if (event.schema_id !== CHANGE_SCHEMA || !this._isLoaded) {
      return;
    }
    const change = event as unknown as IChange & { previous: number };
    if (change.previous > this._seq) {
      void this._poll.refresh();
      return;
    }
    this._seq = Math.max(this._seq, change.seq);
    this._take(change);
  }

  private async _catchUp(): Promise<void> {
    if (!this._isLoaded) {
      await this.refresh();
      return;
    }
    await this._guarded(async () => {
      const page = await this._client.getChanges(this._seq);
      if (page.reset) {
        // The store is another one, or was rebuilt: numbers begin anew.
        this._seq = 0;
        await this.refresh();
        this._reset.emit();
        return;
      }
      this._seq = Math.max(this._seq, page.last);
      page.changes.forEach(change => this._take(change));
      await this._follower.fetchSome([], true);
    });
  }

  private _take(change: IChange): void {
    if (change.topic === 'log') {
      this._logChanged.emit(keyOf(change));
      return;
    }
    if (change.topic === 'job') {
      this._dirty.set(keyOf(change), change);
    } else {
      this._targetsDirty = true;
    }
    this._schedule(SETTLE_MS);
  }

  private async _fetchDirty(): Promise<void> {
    const dirty = [...this._dirty.values()];
    const targets = this._targetsDirty;
    this._dirty.clear();
    this._targetsDirty = false;
    let wait = SETTLE_MS;
    await this._guarded(() => this._follower.fetchSome(dirty, targets)).catch(
      () => {
        // Still wanted: they are asked for again, after a moment.
        dirty.forEach(key => this._dirty.set(keyOf(key), key));
        this._targetsDirty = this._targetsDirty || targets;
        wait = RETRY_MS;
      }
    );
    this._timer = undefined;
    if (this._dirty.size > 0 || this._targetsDirty) {
      this._schedule(wait);
    }
  }

  private _schedule(wait: number): void {
    if (this._timer === undefined && !this._isDisposed) {
      this._timer = window.setTimeout(() => void this._fetchDirty(), wait);
    }
  }

  /** Run a fetch; its failure becomes `error`, its success clears it. */
  private async _guarded(fetch: () => Promise<void>): Promise<void> {
    try {
      await fetch();
      this._error = null;
      this._refusal = null;
    } catch (error) {
      this._error = error instanceof Error ? error.message : String(error);
      this._refusal = refusalOf(error);
      throw error;
    } finally {
      this._fetched.emit();
    }
  }

  private _dirty = new Map<string, IJobKey>();
  private _error: string | null = null;
  private _refusal: 'told' | 'missing' | null = null;
  private _fetched = new Signal<this, void>(this);
  private _isDisposed = false;
  private _isLoaded = false;
  private _logChanged = new Signal<this, string>(this);
  private _poll: Poll;
  private _reset = new Signal<this, void>(this);
  private _seq = 0;
  private _targetsDirty = false;
  private _timer: number | undefined = undefined;
}

/** What an error says of the server: proxies answer in its place, with pages of their own. */
function refusalOf(error: unknown): 'told' | 'missing' | null {
  if (!(error instanceof ApiError)) {
    return null;
  }
  return error.explanation ? 'told' : error.status === 404 ? 'missing' : null;
}
