import type { TranslationBundle } from '@jupyterlab/translation';
import { ellipsesIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IJobActions } from '../actions';
import { keyOf } from '../api/client';
import type { IJobKey } from '../api/client';
import type { IJobView } from '../api/types';
import type { JobsModel } from '../model/jobs';
import type { LogModel } from '../model/log';
import { isOver } from '../model/phase';
import type { RequestModel } from '../model/request';
import { ErrorView } from './ErrorView';
import { useNow, useOwn, useSignals } from './hooks';
import { IconButton } from './IconButton';
import { LogView } from './LogView';
import { MetricsView } from './MetricsView';
import { StatusIcon } from './StatusIcon';
import { Timeline } from './Timeline';
import { duration, elapsed, place, rest, stateInWords } from './words';

export interface IJobViewProps {
  jobKey: IJobKey;
  model: JobsModel;
  log: LogModel;
  trans: TranslationBundle;
  actions: IJobActions;
}

type Page = 'error' | 'log' | 'metrics' | 'request';

/** The main-area tab of a job: state, timeline, log, request. */
export function JobViewPage(props: IJobViewProps): JSX.Element {
  const { jobKey, model, trans } = props;
  useSignals(model.changed);
  const job = model.job(jobKey);
  const [chosen, setChosen] = React.useState<Page | null>(null);
  const [line, setLine] = React.useState<number | null>(null);
  const now = useNow(job !== undefined && !isOver(job));
  if (!job) {
    const text = model.isLoaded
      ? trans.__('There is no job %1 on %2.', jobKey.name, jobKey.target)
      : trans.__('Loading…');
    return <div className="jp-sm-Empty">{text}</div>;
  }
  const pages: { [page in Page]?: string } = {
    ...(job.explanation ? { error: trans.__('Error') } : {}),
    log: trans.__('Log'),
    metrics: trans.__('Metrics'),
    request: trans.__('Request')
  };
  const page: Page =
    chosen && pages[chosen] ? chosen : job.explanation ? 'error' : 'log';
  return (
    <div className="jp-sm-Job">
      <Head {...props} job={job} now={now} />
      <Timeline job={job} now={now} trans={trans} />
      <div className="jp-sm-Tabs" role="tablist">
        {(Object.keys(pages) as Page[]).map(name => (
          <button
            key={name}
            role="tab"
            id={tabId(job, name)}
            className="jp-sm-Tab"
            aria-selected={name === page}
            aria-controls={tabId(job, 'page')}
            tabIndex={name === page ? 0 : -1}
            onClick={() => setChosen(name)}
            onKeyDown={onArrow}
          >
            {pages[name]}
          </button>
        ))}
      </div>
      <div
        className="jp-sm-Job-page"
        role="tabpanel"
        id={tabId(job, 'page')}
        aria-labelledby={tabId(job, page)}
      >
        {page === 'error' && job.explanation && (
          <ErrorView
            job={job}
            explanation={job.explanation}
            actions={props.actions}
            trans={trans}
            onShowLog={line => {
              setLine(line ?? null);
              setChosen('log');
            }}
          />
        )}
        {page === 'log' && (
          <LogView
            log={props.log}
            trans={trans}
            empty={emptyLog(job, trans)}
            note={job.log_note}
            line={line}
            begun={job.started_at ?? job.created_at}
            actions={props.actions}
          />
        )}
        {page === 'metrics' && <MetricsView {...props} />}
        {page === 'request' && (
          <>
            <Notes notes={job.notes} trans={trans} />
            <RequestView {...props} />
          </>
        )}
      </div>
    </div>
  );
}

function tabId(job: IJobView, part: string): string {
  return `jp-sm-${job.target}-${job.name}-${part}`;
}

/** The arrow keys go from tab to tab, as in any list of tabs. */
function onArrow(event: React.KeyboardEvent<HTMLButtonElement>): void {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const tabs = [...(event.currentTarget.parentElement?.children ?? [])];
  if (step !== undefined) {
    const at = tabs.indexOf(event.currentTarget) + step;
    const next = tabs[(at + tabs.length) % tabs.length] as HTMLButtonElement;
    next.focus();
    next.click();
  }
}

function emptyLog(job: IJobView, trans: TranslationBundle): string {
  if (job.log_lines > 0) {
    return trans.__('Its lines are no longer kept here.');
  }
  return isOver(job)
    ? trans.__('The job printed nothing.')
    : trans.__('Nothing printed yet.');
}

function Head(
  props: IJobViewProps & { job: IJobView; now: number }
): JSX.Element {
  const { job, now, trans, actions } = props;
  return (
    <header className="jp-sm-Job-head">
      <StatusIcon job={job} />
      <h2 className="jp-sm-Job-name" title={job.name}>
        {job.name}
      </h2>
      <span className="jp-sm-Job-state" aria-live="polite">
        {stateInWords(job, trans)}
      </span>
      <span className="jp-sm-Job-facts">
        {[place(job), duration(elapsed(job, now)), rest(job, now, trans)]
          .filter(Boolean)
          .join(' · ')}
      </span>
      {isOver(job) && (
        <button className="jp-sm-Button" onClick={() => actions.runAgain(job)}>
          {trans.__('Run again')}
        </button>
      )}
      {!isOver(job) && (
        <button
          className="jp-sm-Button"
          disabled={job.stop_requested || job.status === 'Stopping'}
          onClick={() => actions.stop(job)}
        >
          {trans.__('Stop')}
        </button>
      )}
      <IconButton
        icon={ellipsesIcon}
        title={trans.__('More')}
        label={trans.__('More about %1', job.name)}
        hasMenu
        onClick={button => actions.showMenu(job, button)}
      />
    </header>
  );
}

/** What the target decided: which role and image it took, what it created. */
function Notes(props: {
  notes: readonly string[];
  trans: TranslationBundle;
}): JSX.Element | null {
  return props.notes.length === 0 ? null : (
    <ul className="jp-sm-Notes" aria-label={props.trans.__('Notes')}>
      {props.notes.map((note, index) => (
        <li key={index}>{note}</li>
      ))}
    </ul>
  );
}

/** The full Create request, as it was sent; secrets are masked by the server. */
function RequestView(props: IJobViewProps): JSX.Element {
  const { jobKey, model, trans } = props;
  const request = useOwn(() => model.openRequest(jobKey), keyOf(jobKey));
  return (
    <pre
      className="jp-sm-Request"
      tabIndex={0}
      aria-label={trans.__('Request')}
    >
      {request ? (
        <RequestText request={request} trans={trans} />
      ) : (
        trans.__('Loading…')
      )}
    </pre>
  );
}

function RequestText(props: {
  request: RequestModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { request, trans } = props;
  useSignals(request.changed);
  const text = request.request && JSON.stringify(request.request, null, 2);
  return <>{text ?? request.error ?? trans.__('Loading…')}</>;
}
