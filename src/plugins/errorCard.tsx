import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import * as React from 'react';

import { jobActions } from '../actions';
import { ErrorCard } from '../components/ErrorCard';
import type { IErrorCardData } from '../components/ErrorCard';
import type { JobsModel } from '../model/jobs';
import { IJobsModel } from '../tokens';
import { fieldsOf, isText, OutputRenderer, text } from './output';

const MIME_TYPE = 'application/vnd.jupyter-sm.error+json';

/** The output's data if it is an error's, else null: it may come from anyone's notebook. */
export function readErrorCard(data: unknown): IErrorCardData | null {
  const card = fieldsOf(data);
  if (!card || ![card.title, card.what_happened].every(isText)) {
    return null;
  }
  const job = fieldsOf(card.job);
  return {
    title: text(card.title),
    what_happened: text(card.what_happened),
    likely_cause: text(card.likely_cause),
    fixes: Array.isArray(card.fixes) ? card.fixes.filter(isText).map(text) : [],
    job:
      job && [job.target, job.kind, job.name].every(isText)
        ? {
            target: text(job.target),
            kind: text(job.kind),
            name: text(job.name)
          }
        : null,
    folded: text(card.folded)
  };
}

/** Renders an error's output as a card. */
export const errorCardPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter_sm:error-card',
  description: 'Renders errors of SageMaker in cell outputs as cards.',
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
    const make = (data: IErrorCardData) => (
      <ErrorCard data={data} model={model} trans={trans} actions={actions} />
    );
    rendermime.addFactory(
      {
        safe: true,
        mimeTypes: [MIME_TYPE],
        createRenderer: () => new OutputRenderer(MIME_TYPE, readErrorCard, make)
      },
      0
    );
  }
};
