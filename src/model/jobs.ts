import type { Event } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal, IStream } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { ApiError, keyOf } from '../api/client';
import type { Client, IJobKey } from '../api/client';
import type { IJobView, ITargetView } from '../api/types';
import { ComparisonModel } from './comparison';
import { ChangeFeed } from './feed';
import { LogModel } from './log';
import { RequestModel } from './request';

const LIST_LIMIT = 500;
/** Beyond this many changed jobs, one list costs less than many single requests. */
const FEW = 5;

/** Whether a target can't be reached: what is wrong passes, or waits for the user. */
export function isTroubled(target: ITargetView): boolean {
  return target.health === 'stale' || target.health === 'waiting';
}

/** The one store of jobs in the browser; the server's feed of changes keeps it true. */
export class JobsModel implements IDisposable {
  constructor(
    private _client: Client,
    events: IStream<unknown, Event.Emission>,
    pollInterval = 5000
  ) {
    const follower = {
      fetchAll: () => this._fetchAll(),
      fetchSome: (jobs: readonly IJobKey[], withTargets: boolean) =>
        this._fetchSome(jobs, withTargets)
    };
    this._feed = new ChangeFeed(_client, events, follower, pollInterval);
    this._feed.fetched.connect(this._emit, this);
    this._feed.logChanged.connect((_, key) => this._logChanged.emit(key));
    this._feed.reset.connect(() =>
      [...this._jobs.keys()].forEach(key => this._logChanged.emit(key))
    );
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
    return this._feed.isLoaded;
  }

  /** Why the server can't be asked at the moment, or null. */
  get error(): string | null {
    return this._feed.error;
  }

  /** Whether the server itself said why, or else that the API is not there. */
  get refusal(): 'told' | 'missing' | null {
    return this._feed.refusal;
  }

  /** Why a target can't be reached, or null. */
  troubleOf(name: string): string | null {
    const target = this._targets.find(one => one.name === name);
    return target && isTroubled(target) ? target.reason : null;
  }

  /** Emitted when the list, a job, a target or the error changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emitted with a job's key when its log grew. */
  get logChanged(): ISignal<this, string> {
    return this._logChanged;
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

  /** Look after a target no longer; its jobs leave the list. Throws ApiError. */
  async removeTarget(name: string): Promise<void> {
    await this._client.removeTarget(name);
    await this.refresh();
  }

  /** Run a job again; the new job is in the list at once. Throws ApiError. */
  async runAgain(key: IJobKey, change?: string): Promise<IJobView> {
    const job = await this._client.runAgain(key, change);
    this._put(job);
    this._emit();
    return job;
  }

  /** Where below the server's root the file lies that the job ran as `file`. Throws ApiError. */
  async sourcePath(key: IJobKey, file: string): Promise<string> {
    return (await this._client.getSource(key, file)).path;
  }

  /** The job's log, to be disposed of by the caller. */
  openLog(key: IJobKey): LogModel {
    return new LogModel(this._client, this._logChanged, key);
  }

  /** The job's Create request, to be disposed of by the caller. */
  openRequest(key: IJobKey): RequestModel {
    return new RequestModel(this._client, key);
  }

  /** The job's metrics, and others' beside them; to be disposed of by the caller. */
  openComparison(key: IJobKey): ComparisonModel {
    return new ComparisonModel(this._client, this._logChanged, key);
  }

  /** Fetch everything anew. */
  refresh(): Promise<void> {
    return this._feed.refresh();
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._feed.dispose();
    Signal.clearData(this);
  }

  private async _fetchAll(): Promise<number> {
    const [list, targets] = await Promise.all([
      this._client.listJobs(LIST_LIMIT),
      this._client.listTargets()
    ]);
    if (list.total <= list.jobs.length) {
      this._jobs.clear();
    }
    list.jobs.forEach(job => this._put(job));
    this._setTargets(targets.targets);
    return list.seq;
  }

  private async _fetchSome(
    jobs: readonly IJobKey[],
    withTargets: boolean
  ): Promise<void> {
    if (jobs.length > FEW) {
      const list = await this._client.listJobs(LIST_LIMIT);
      list.jobs.forEach(job => this._put(job));
      const listed = new Set(list.jobs.map(keyOf));
      const old = jobs.filter(key => !listed.has(keyOf(key)));
      await Promise.all(old.map(key => this._fetchOne(key)));
    } else {
      await Promise.all(jobs.map(key => this._fetchOne(key)));
    }
    if (withTargets) {
      this._setTargets((await this._client.listTargets()).targets);
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

  /** The jobs of a target that was removed leave with it. */
  private _setTargets(targets: ITargetView[]): void {
    const used = targets.filter(target => target.health !== 'unused');
    const names = new Set(used.map(target => target.name));
    this._jobs.forEach((job, key) => {
      if (!names.has(job.target)) {
        this._jobs.delete(key);
      }
    });
    this._targets = targets;
  }

  private _put(job: IJobView): void {
    this._jobs.set(keyOf(job), job);
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
  private _feed: ChangeFeed;
  private _isDisposed = false;
  private _jobs = new Map<string, IJobView>();
  private _logChanged = new Signal<this, string>(this);
  private _sorted: IJobView[] = [];
  private _targets: ITargetView[] = [];
}
