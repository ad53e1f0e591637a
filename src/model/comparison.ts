import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { keyOf } from '../api/client';
import type { Client, IJobKey } from '../api/client';
import { merged, parametersOf } from './compare';
import type { IComparedJob } from './compare';
import { MetricsModel } from './metrics';
import { RequestModel } from './request';
import type { IMetric } from './series';

/** A job that is asked for; its request only once there is another to compare it with. */
interface IMember {
  key: IJobKey;
  metrics: MetricsModel;
  request: RequestModel | null;
}

/**
 * A job's metrics, with those of other jobs beside them.
 *
 * A job that is added comes in when all of it is known; until then the rest is shown without it.
 */
export class ComparisonModel implements IDisposable {
  constructor(
    private _client: Client,
    private _logChanged: ISignal<unknown, string>,
    key: IJobKey
  ) {
    this.add(key);
  }

  /** The jobs asked for: the first one, then those beside it. */
  get keys(): readonly IJobKey[] {
    return this._members.map(member => member.key);
  }

  /** The jobs that are shown: the first one, and those of the others that are known. */
  get jobs(): readonly IComparedJob[] {
    return this._jobs;
  }

  /** The metrics of all that are shown. */
  get metrics(): readonly IMetric[] {
    return this._metrics;
  }

  /** How many curves are not drawn, as they are too many. */
  get leftOut(): number {
    return this._members.reduce((sum, one) => sum + one.metrics.leftOut, 0);
  }

  /** Whether the first job's metrics are known. */
  get isLoaded(): boolean {
    return this._members[0].metrics.isLoaded;
  }

  /** Why the first job's metrics can't be read at the moment, or null. */
  get error(): string | null {
    return this._members[0].metrics.error;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Put a job beside those there are. */
  add(key: IJobKey): void {
    const metrics = new MetricsModel(this._client, this._logChanged, key);
    metrics.changed.connect(this._update, this);
    const { target, kind, name } = key;
    this._members.push({ key: { target, kind, name }, metrics, request: null });
    if (this._members.length > 1) {
      for (const member of this._members) {
        member.request ??= this._openRequest(member.key);
      }
    }
    this._update();
  }

  /** Leave a job out again; the first one stays. */
  remove(key: IJobKey): void {
    const isLeft = (member: IMember) => keyOf(member.key) === keyOf(key);
    const [first, ...others] = this._members;
    others.filter(isLeft).forEach(drop);
    this._members = [first, ...others.filter(member => !isLeft(member))];
    this._update();
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._members.forEach(drop);
    Signal.clearData(this);
  }

  private _openRequest(key: IJobKey): RequestModel {
    const request = new RequestModel(this._client, key);
    request.changed.connect(this._update, this);
    return request;
  }

  private _update(): void {
    const [first, ...others] = this._members;
    const shown = isKnown(first) ? [first, ...others.filter(isKnown)] : [first];
    this._jobs = shown.map(({ key, metrics, request }) => ({
      ...key,
      parameters: parametersOf(request?.request ?? {}),
      metrics: metrics.metrics
    }));
    this._metrics = merged(this._jobs);
    this._changed.emit();
  }

  private _changed = new Signal<this, void>(this);
  private _isDisposed = false;
  private _jobs: readonly IComparedJob[] = [];
  private _members: IMember[] = [];
  private _metrics: readonly IMetric[] = [];
}

/** Whether all is known of a job that is to be compared. */
function isKnown({ metrics, request }: IMember): boolean {
  return metrics.isLoaded && request !== null && request.isLoaded;
}

function drop({ metrics, request }: IMember): void {
  metrics.dispose();
  request?.dispose();
}
