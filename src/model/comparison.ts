import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { keyOf } from '../api/client';
import type { IJobKey } from '../api/client';
import { merged } from './compare';
import type { IRun } from './compare';
import type { JobsModel } from './jobs';
import { MetricsModel } from './metrics';
import type { IMetric } from './series';

/** A job that is asked for, and its metrics. */
interface IMember {
  key: IJobKey;
  model: MetricsModel;
}

/**
 * A job's metrics, with those of other jobs beside them.
 *
 * A job that is added comes in when its metrics are known; until then all is shown without it.
 */
export class ComparisonModel implements IDisposable {
  constructor(
    private _jobs: JobsModel,
    key: IJobKey
  ) {
    this.add(key);
  }

  /** The jobs asked for: the first one, then those beside it. */
  get keys(): readonly IJobKey[] {
    return this._members.map(member => member.key);
  }

  /** The jobs that are shown: the first one, and those of the others that are known. */
  get runs(): readonly IRun[] {
    return this._runs;
  }

  /** The metrics of all that are shown. */
  get metrics(): readonly IMetric[] {
    return this._metrics;
  }

  /** Whether the first job's metrics are known. */
  get isLoaded(): boolean {
    return this._members[0].model.isLoaded;
  }

  /** Why the first job's metrics can't be read at the moment, or null. */
  get error(): string | null {
    return this._members[0].model.error;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Put a job beside those there are. */
  add(key: IJobKey): void {
    const model = new MetricsModel(this._jobs, key);
    model.changed.connect(this._update, this);
    this._members.push({ key, model });
    this._update();
  }

  /** Leave a job out again; the first one stays. */
  remove(key: IJobKey): void {
    const isLeft = (member: IMember) => keyOf(member.key) === keyOf(key);
    const [first, ...others] = this._members;
    others.filter(isLeft).forEach(member => member.model.dispose());
    this._members = [first, ...others.filter(member => !isLeft(member))];
    this._update();
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._members.forEach(member => member.model.dispose());
    Signal.clearData(this);
  }

  private _update(): void {
    this._runs = this._members
      .filter((member, index) => index === 0 || member.model.isLoaded)
      .map(({ key, model }) => ({ ...key, metrics: model.metrics }));
    this._metrics = merged(this._runs);
    this._changed.emit();
  }

  private _changed = new Signal<this, void>(this);
  private _isDisposed = false;
  private _members: IMember[] = [];
  private _metrics: readonly IMetric[] = [];
  private _runs: readonly IRun[] = [];
}
