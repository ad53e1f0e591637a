import { ReactWidget } from '@jupyterlab/apputils';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';

import { plain } from '../model/plain';

/** The members of an object that anyone may have written. */
export type Fields = { [key: string]: unknown };

export function fieldsOf(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null ? (value as Fields) : null;
}

export function isText(value: unknown): boolean {
  return typeof value === 'string';
}

export function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

export function text(value: unknown): string {
  return typeof value === 'string' ? plain(value) : '';
}

/** Shows an output by what is read of it; an output that can't be read shows nothing. */
export class OutputRenderer<T>
  extends ReactWidget
  implements IRenderMime.IRenderer
{
  constructor(
    private _mimeType: string,
    private _read: (data: unknown) => T | null,
    private _make: (data: T) => JSX.Element
  ) {
    super();
    this.addClass('jp-sm-CardOutput');
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this._data = this._read(model.data[this._mimeType]);
    this.update();
    await this.renderPromise;
  }

  protected render(): JSX.Element | null {
    return this._data ? this._make(this._data) : null;
  }

  private _data: T | null = null;
}
