import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { keyOf } from '../api/client';
import type { Client, IJobKey } from '../api/client';
import { metricsOf } from './series';
import type { IMetric } from './series';

/** Curves need not move more often than this while a log streams. */
const PAUSE_MS = 2_000;

/** The metrics of a job, fetched anew as its log grows. */
export class MetricsModel implements IDisposable {
  constructor(
    private _client: Client,
    private _logChanged: ISignal<unknown, string>,
    private _key: IJobKey
  ) {
    _logChanged.connect(this._onLogChanged, this);
    void this._fetch();
  }

  get metrics(): readonly IMetric[] {
    return this._metrics;
  }

  /** How many curves there are beyond those that are given. */
  get leftOut(): number {
    return this._leftOut;
  }

  /** Why they can't be read at the moment, or null. */
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

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    window.clearTimeout(this._timer);
    this._logChanged.disconnect(this._onLogChanged, this);
    Signal.clearData(this);
  }

  private _onLogChanged(_: unknown, key: string): void {
    if (key === keyOf(this._key) && this._timer === undefined) {
      this._timer = window.setTimeout(() => {
        this._timer = undefined;
        void this._fetch();
      }, PAUSE_MS);
    }
  }

  private async _fetch(): Promise<void> {
    try {
      const answer = await this._client.getMetrics(this._key);
      this._metrics = metricsOf(answer.series);
      this._leftOut = answer.total - answer.series.length;
      this._error = null;
    } catch (error) {
      this._error = error instanceof Error ? error.message : String(error);
    }
    this._isLoaded = true;
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private _changed = new Signal<this, void>(this);
  private _error: string | null = null;
  private _isDisposed = false;
  private _leftOut = 0;
  private _isLoaded = false;
  private _metrics: IMetric[] = [];
  private _timer: number | undefined;
}
