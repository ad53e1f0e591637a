import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { Client, IJobKey } from '../api/client';

/** The full Create request of a job, asked for once; secrets are masked by the server. */
export class RequestModel implements IDisposable {
  constructor(
    private _client: Client,
    private _key: IJobKey
  ) {
    void this._fetch();
  }

  /** The request, or null while it is not known. */
  get request(): { readonly [member: string]: unknown } | null {
    return this._request;
  }

  /** Why it can't be known, or null. */
  get error(): string | null {
    return this._error;
  }

  /** Whether there was an answer, be it an error. */
  get isLoaded(): boolean {
    return this._request !== null || this._error !== null;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  private async _fetch(): Promise<void> {
    try {
      this._request = (await this._client.getRequest(this._key)).request;
    } catch (error) {
      this._error = error instanceof Error ? error.message : String(error);
    }
    this._changed.emit();
  }

  private _changed = new Signal<this, void>(this);
  private _error: string | null = null;
  private _isDisposed = false;
  private _request: { readonly [member: string]: unknown } | null = null;
}
