import type { Event } from '@jupyterlab/services';
import { Poll } from '@lumino/polling';
import type { ISignal, IStream } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import type { IDisposable } from '@lumino/disposable';

import { ApiError, keyOf } from '../api/client';
import type { Client, IJobKey } from '../api/client';
import type { IChange, IJobView, ITargetView } from '../api/types';

const CHANGE_SCHEMA = 'urn:jupyter_sm:change';
const LIST_LIMIT = 500;
/** Beyond this many changed jobs, one list costs less than many single requests. */
const FEW = 5;
const SETTLE_MS = 30;
const RETRY_MS = 2000;

/**
 * The one store of jobs in the browser.
 *
 * An event says that a job changed; what it is now is fetched. A slow poll of the change
 * feed catches what was missed while the connection or the server was away.
 */
export class JobsModel implements IDisposable {
  constructor(
    private _client: Client,
    events: IStream<unknown, Event.Emission>,
    pollInterval = 5000
  ) {
    this._events = events;
    events.connect(this._onEvent, this);
    this._poll = new Poll({
      factory: () => this._catchUp(),
      frequency: { interval: pollInterval, backoff: true, max: 30_000 },
      name: 'jupyter_sm:changes',
      standby: 'when-hidden'
    });
  }

  /** The jobs, the newest first. */
  get jobs(): readonly IJobView[] {
    return this._sorted;
  }

  /** The targets and how they are. */
  get targets(): readonly ITargetView[] {
    return this._targets;
  }

  /** Whether the first list has arrived. */
  get isLoaded(): boolean {
    return this._isLoaded;
  }

  /** Why the server can't be asked at the moment, or null. */
  get error(): string | null {
    return this._error;
  }

  /** Why a target can't be reached, or null. */
  troubleOf(name: string): string | null {
    const target = this._targets.find(one => one.name === name);
    return target?.health === 'stale' ? target.reason : null;
  }

  /** Emitted when the list, a job, a target or the error changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emitted with a job's key when its log grew. */
  get logChanged(): ISignal<this, string> {
    return this._logChanged;
  }

  get client(): Client {
    return this._client;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** The job of that key, if it is known. */
  job(key: IJobKey): IJobView | undefined {
    return this._jobs.get(keyOf(key));
  }

  /** Fetch a job that is not in the list, an old one for instance. */
  async load(key: IJobKey): Promise<void> {
    this._put(await this._client.getJob(key));
    this._emit();
  }

  /** Ask for a stop; the job shows it at once. Throws ApiError. */
  async stop(key: IJobKey): Promise<void> {
    await this._client.stopJob(key);
    await this.load(key);
  }

  /** Have a target's jobs looked after from now on. Throws ApiError. */
  async useTarget(name: string): Promise<void> {
    await this._client.useTarget(name);
    await this.refresh();
  }

  /** Run a job again; the new job is in the list at once. Throws ApiError. */
  async runAgain(key: IJobKey, change?: string): Promise<IJobView> {
    const job = await this._client.runAgain(key, change);
    this._put(job);
    this._emit();
    return job;
  }

  /** Fetch everything anew. */
  async refresh(): Promise<void> {
    await this._guarded(async () => {
      const [list, targets] = await Promise.all([
        this._client.listJobs(LIST_LIMIT),
        this._client.listTargets()
      ]);
      // What an event fetched meanwhile is fetched again from this number on.
      this._seq = list.seq;
      if (list.total <= list.jobs.length) {
        this._jobs.clear();
      }
      list.jobs.forEach(job => this._put(job));
      this._targets = targets.targets;
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
        for (const key of this._jobs.keys()) {
          this._logChanged.emit(key);
        }
        return;
      }
      this._seq = Math.max(this._seq, page.last);
      page.changes.forEach(change => this._take(change));
      this._targets = (await this._client.listTargets()).targets;
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
    const fetched = this._guarded(async () => {
      if (dirty.length > FEW) {
        const list = await this._client.listJobs(LIST_LIMIT);
        list.jobs.forEach(job => this._put(job));
        const listed = new Set(list.jobs.map(keyOf));
        const old = dirty.filter(key => !listed.has(keyOf(key)));
        await Promise.all(old.map(key => this._fetchOne(key)));
      } else {
        await Promise.all(dirty.map(key => this._fetchOne(key)));
      }
      if (targets) {
        this._targets = (await this._client.listTargets()).targets;
      }
    });
    let wait = SETTLE_MS;
    await fetched.catch(() => {
      // Still wanted: they are asked for again, after a moment.
      dirty.forEach(key => this._dirty.set(keyOf(key), key));
      this._targetsDirty = this._targetsDirty || targets;
      wait = RETRY_MS;
    });
    this._timer = undefined;
    if (this._dirty.size > 0 || this._targetsDirty) {
      this._schedule(wait);
    }
  }

  /** Fetch a job that changed; one that is gone leaves the list. */
  private async _fetchOne(key: IJobKey): Promise<void> {
    try {
      this._put(await this._client.getJob(key));
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) {
        throw error;
      }
      this._jobs.delete(keyOf(key));
    }
  }

  private _schedule(wait: number): void {
    if (this._timer === undefined && !this._isDisposed) {
      this._timer = window.setTimeout(() => void this._fetchDirty(), wait);
    }
  }

  private _put(job: IJobView): void {
    this._jobs.set(keyOf(job), job);
  }

  /** Run a fetch; its failure becomes `error`, its success clears it. */
  private async _guarded(fetch: () => Promise<void>): Promise<void> {
    try {
      await fetch();
      this._error = null;
    } catch (error) {
      this._error = error instanceof Error ? error.message : String(error);
      throw error;
    } finally {
      this._emit();
    }
  }

  private _emit(): void {
    if (!this._isDisposed) {
      this._sorted = [...this._jobs.values()].sort(
        (a, b) => b.created_at - a.created_at
      );
      this._changed.emit();
    }
  }

  private _changed = new Signal<this, void>(this);
  private _dirty = new Map<string, IJobKey>();
  private _error: string | null = null;
  private _events: IStream<unknown, Event.Emission>;
  private _isDisposed = false;
  private _isLoaded = false;
  private _jobs = new Map<string, IJobView>();
  private _logChanged = new Signal<this, string>(this);
  private _poll: Poll;
  private _seq = 0;
  private _sorted: IJobView[] = [];
  private _targets: ITargetView[] = [];
  private _targetsDirty = false;
  private _timer: number | undefined = undefined;
}
