import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ReactWidget } from '@jupyterlab/apputils';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { jobActions } from '../actions';
import type { IJobActions } from '../actions';
import type { JobsModel } from '../model/jobs';
import { plain } from '../model/plain';
import { IJobsModel } from '../tokens';

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

/** What a kind of output is shown by. */
export interface IOutputProps<T> {
  data: T;
  model: JobsModel;
  trans: TranslationBundle;
  actions: IJobActions;
}

/** A kind of output in cells: `read` gives null for one that it can't read. */
export interface IOutput<T> {
  id: string;
  description: string;
  mimeType: string;
  read: (data: unknown) => T | null;
  Component: React.ComponentType<IOutputProps<T>>;
}

/** The plugin that renders a kind of output, live. */
export function outputPlugin<T>(
  output: IOutput<T>
): JupyterFrontEndPlugin<void> {
  const { id, description, mimeType, read, Component } = output;
  return {
    id,
    description,
    autoStart: true,
    requires: [IJobsModel, IRenderMimeRegistry],
    optional: [ITranslator],
    activate: (
      app: JupyterFrontEnd,
      model: JobsModel,
      rendermime: IRenderMimeRegistry,
      translator: ITranslator | null
    ) => {
      const trans = (translator ?? nullTranslator).load('jupyter_sm');
      const actions = jobActions(app.commands);
      const make = (data: T) => (
        <Component data={data} model={model} trans={trans} actions={actions} />
      );
      rendermime.addFactory(
        {
          safe: true,
          mimeTypes: [mimeType],
          createRenderer: () => new OutputRenderer(mimeType, read, make)
        },
        0
      );
    }
  };
}

/** Shows an output by what is read of it; an output that can't be read shows nothing. */
class OutputRenderer<T> extends ReactWidget implements IRenderMime.IRenderer {
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
