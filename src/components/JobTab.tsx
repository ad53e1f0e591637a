import type { TranslationBundle } from '@jupyterlab/translation';
import { ellipsesIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IJobActions } from '../actions';
import type { IJobKey } from '../api/client';
import type { IJobView } from '../api/types';
import type { JobsModel } from '../model/jobs';
import type { LogModel } from '../model/log';
import { canStop, isOver } from '../model/phase';
import { useNow, useSignals } from './hooks';
import { IconButton } from './IconButton';
import { StatusIcon } from './StatusIcon';
import { Timeline } from './Timeline';
import { duration, elapsed, place, stateInWords, timeLeft } from './words';

export interface IJobTabProps {
  jobKey: IJobKey;
  model: JobsModel;
  log: LogModel;
  trans: TranslationBundle;
  actions: IJobActions;
  pages: readonly IPage[];
}

/** A page of the tab, as its list of tabs shows it. */
export interface IPage {
  id: string;
  label: (trans: TranslationBundle) => string;
  /** For which jobs it is shown; for all, where that is not said. */
  isShown?: (job: IJobView) => boolean;
  component: React.ComponentType<IPageProps>;
}

export interface IPageProps {
  job: IJobView;
  model: JobsModel;
  log: LogModel;
  trans: TranslationBundle;
  actions: IJobActions;
  /** The entry that the log begins at; none follows the end. */
  entry: number | null;
  /** Show the log, at an entry if one is known. */
  showLog: (entry?: number) => void;
}

/** The main-area tab of a job: its state, its timeline, and one of its pages. */
export function JobTab(props: IJobTabProps): JSX.Element {
  const { jobKey, model, log, trans, actions } = props;
  useSignals(model.changed);
  const job = model.job(jobKey);
  const [chosen, setChosen] = React.useState<string | null>(null);
  const [entry, setEntry] = React.useState<number | null>(null);
  const now = useNow(job !== undefined && !isOver(job));
  if (!job) {
    const text = model.isLoaded
      ? trans.__('There is no job %1 on %2.', jobKey.name, jobKey.target)
      : trans.__('Loading…');
    return <div className="jp-sm-Empty">{text}</div>;
  }
  const pages = props.pages.filter(page => page.isShown?.(job) ?? true);
  const open = pages.find(page => page.id === chosen) ?? pages[0];
  return (
    <div className="jp-sm-Job">
      <Head job={job} now={now} trans={trans} actions={actions} />
      <Timeline job={job} now={now} trans={trans} />
      <div className="jp-sm-Tabs" role="tablist">
        {pages.map(page => (
          <button
            key={page.id}
            role="tab"
            id={tabId(job, page.id)}
            className="jp-sm-Tab"
            aria-selected={page === open}
            aria-controls={tabId(job, 'page')}
            tabIndex={page === open ? 0 : -1}
            onClick={() => setChosen(page.id)}
            onKeyDown={onArrow}
          >
            {page.label(trans)}
          </button>
        ))}
      </div>
      <div
        className="jp-sm-Job-page"
        role="tabpanel"
        id={tabId(job, 'page')}
        aria-labelledby={tabId(job, open.id)}
      >
        <open.component
          job={job}
          model={model}
          log={log}
          trans={trans}
          actions={actions}
          entry={entry}
          showLog={at => {
            setEntry(at ?? null);
            setChosen('log');
          }}
        />
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

function Head(props: {
  job: IJobView;
  now: number;
  trans: TranslationBundle;
  actions: IJobActions;
}): JSX.Element {
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
        {[place(job), duration(elapsed(job, now)), timeLeft(job, now, trans)]
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
          disabled={!canStop(job)}
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
