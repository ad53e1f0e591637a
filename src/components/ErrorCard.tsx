import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IJobActions } from '../actions';
import type { IJobKey } from '../api/client';
import type { JobsModel } from '../model/jobs';
import { ErrorActions } from './ErrorActions';
import { Explained } from './Explained';
import type { Words } from './Explained';
import { useSignals } from './hooks';

/** What an error's output holds: its words, and the job that it is about. */
export interface IErrorCardData extends Words {
  job: IJobKey | null;
  folded: string;
}

export interface IErrorCardProps {
  data: IErrorCardData;
  model: JobsModel;
  trans: TranslationBundle;
  actions: IJobActions;
}

/**
 * An error under its cell. What can be done at once is offered where this user's own store has the
 * job; the words may come with anyone's notebook, and do nothing.
 */
export function ErrorCard(props: IErrorCardProps): JSX.Element {
  const { data, model, trans, actions } = props;
  useSignals(model.changed);
  const job = data.job ? model.job(data.job) : undefined;
  return (
    <section
      className="jp-sm-Card jp-sm-ErrorCard"
      aria-label={trans.__('Error: %1', data.title)}
    >
      <Explained words={data} />
      {job?.explanation && (
        <ErrorActions
          job={job}
          explanation={job.explanation}
          actions={actions}
          trans={trans}
          showLog={() => actions.open(job)}
        >
          <button className="jp-sm-Button" onClick={() => actions.open(job)}>
            {trans.__('Show job')}
          </button>
        </ErrorActions>
      )}
      {data.folded && (
        <details>
          <summary>{trans.__('Full traceback')}</summary>
          <pre className="jp-sm-Error-raw">{data.folded}</pre>
        </details>
      )}
    </section>
  );
}
