import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IJobActions } from '../actions';
import { keyOf } from '../api/client';
import type { IJobKey } from '../api/client';
import type { IExplanation, IJobView } from '../api/types';
import type { JobsModel } from '../model/jobs';
import type { LogModel } from '../model/log';
import { isOver } from '../model/phase';
import { plain } from '../model/plain';
import { ErrorActions } from './ErrorActions';
import { useNow, useOwn, useSignals } from './hooks';
import { JobSummary } from './JobSummary';
import { Notes } from './Notes';

const TAIL_LINES = 8;

/** What a card's output holds: a job's key and how it was when the cell ran. */
export interface ICardData extends IJobKey {
  submission_id: string | null;
  snapshot: IJobView;
}

export interface ICardProps {
  data: ICardData;
  model: JobsModel;
  trans: TranslationBundle;
  actions: IJobActions;
}

/**
 * A job under its cell. Live when this user's own store has the very submission; a card
 * that came with somebody else's notebook shows its snapshot, and can do nothing.
 */
export function Card(props: ICardProps): JSX.Element {
  const { data, model, trans } = props;
  useSignals(model.changed);
  const found = model.job(data);
  const isMine =
    data.submission_id !== null && found?.submission_id === data.submission_id;
  const live = isMine ? found : undefined;
  const job = live ?? data.snapshot;
  const now = useNow(live !== undefined && !isOver(live));
  return (
    <div className="jp-sm-Card" data-job={job.name}>
      <JobSummary
        job={job}
        now={live ? now : (job.ended_at ?? job.modified_at)}
        trans={trans}
        actions={live && props.actions}
        trouble={live && model.troubleOf(live.target)}
      />
      {live?.explanation && (
        <Remedy {...props} job={live} explanation={live.explanation} />
      )}
      {job.notes.length > 0 && (
        <details className="jp-sm-Card-notes">
          <summary>{trans._n('%1 note', '%1 notes', job.notes.length)}</summary>
          <Notes notes={job.notes} trans={trans} />
        </details>
      )}
      {live ? (
        <Tail jobKey={live} model={model} trans={trans} />
      ) : (
        model.isLoaded && (
          <div className="jp-sm-Card-note">
            {trans.__('As it was when the cell ran.')}
          </div>
        )
      )}
    </div>
  );
}

/** What to do about a failure, in a line of buttons; the rest stands in the job's tab. */
function Remedy(
  props: ICardProps & { job: IJobView; explanation: IExplanation }
): JSX.Element {
  const { job, explanation, actions, trans } = props;
  return (
    <div className="jp-sm-Card-remedy">
      {explanation.fixes.length > 0 && <p>{explanation.fixes[0]}</p>}
      <ErrorActions
        explanation={{
          ...explanation,
          actions: explanation.actions.filter(a => a.kind !== 'show-log')
        }}
        trans={trans}
        job={job}
        actions={actions}
        showLog={() => actions.open(job)}
      >
        <button className="jp-sm-Button" onClick={() => actions.open(job)}>
          {trans.__('Show error')}
        </button>
      </ErrorActions>
    </div>
  );
}

/** The last lines of the log, on demand; the height is fixed, so the page never jumps. */
function Tail(props: {
  jobKey: IJobKey;
  model: JobsModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { jobKey, model, trans } = props;
  const [isOpen, setOpen] = React.useState(false);
  return (
    <details
      className="jp-sm-Tail"
      onToggle={event => setOpen(event.currentTarget.open)}
    >
      <summary>{trans.__('Log')}</summary>
      {isOpen && <TailLines jobKey={jobKey} model={model} trans={trans} />}
    </details>
  );
}

function TailLines(props: {
  jobKey: IJobKey;
  model: JobsModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { jobKey, model, trans } = props;
  const log = useOwn(() => model.openLog(jobKey), keyOf(jobKey));
  return (
    <pre className="jp-sm-Tail-lines" aria-label={trans.__('Last log lines')}>
      {log && <TailText log={log} />}
    </pre>
  );
}

function TailText(props: { log: LogModel }): JSX.Element {
  const { log } = props;
  useSignals(log.changed);
  const first = Math.max(0, log.count - TAIL_LINES);
  const lines = Array.from({ length: log.count - first }, (_, index) =>
    plain(log.row(first + index)?.record.text ?? '')
  );
  return <>{lines.join('\n')}</>;
}
