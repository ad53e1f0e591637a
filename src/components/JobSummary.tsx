import type { TranslationBundle } from '@jupyterlab/translation';
import { ellipsesIcon, refreshIcon, stopIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IJobActions } from '../actions';
import type { IJobView } from '../api/types';
import { canStop, isOver } from '../model/phase';
import { IconButton } from './IconButton';
import { Sparkline } from './Sparkline';
import { StatusIcon } from './StatusIcon';
import {
  duration,
  elapsed,
  figure,
  place,
  stateInWords,
  timeLeft
} from './words';

export interface IJobSummaryProps {
  job: IJobView;
  /** Now, in seconds since 1970. */
  now: number;
  trans: TranslationBundle;
  /** Why the job's target can't be reached, if so: what is shown may be old. */
  trouble?: string | null;
  /** What can be done with the job; none for a snapshot, which can't do anything. */
  actions?: IJobActions;
}

/** A job in two or three lines: a row of the panel, and the head of a card. */
export function JobSummary(props: IJobSummaryProps): JSX.Element {
  const { job, trans, actions } = props;
  const state = stateInWords(job, trans);
  const percent = job.progress?.percent ?? null;
  return (
    <div className="jp-sm-Summary">
      <div className="jp-sm-Summary-head">
        <StatusIcon job={job} />
        {actions ? (
          <button
            className="jp-sm-Summary-name"
            title={job.name}
            onClick={() => actions.open(job)}
          >
            {job.name}
          </button>
        ) : (
          <span className="jp-sm-Summary-name" title={job.name}>
            {job.name}
          </span>
        )}
        <span className="jp-sm-Summary-state" title={state}>
          {state}
        </span>
        <Buttons {...props} />
      </div>
      <Details {...props} />
      {!isOver(job) && percent !== null && (
        <progress
          className="jp-sm-Progress"
          max={100}
          value={percent}
          aria-label={trans.__('Progress of %1', job.name)}
        />
      )}
    </div>
  );
}

/** What can be done: the menu, then stop or run again, always in the same two places. */
function Buttons(props: IJobSummaryProps): JSX.Element {
  const { job, trans, actions } = props;
  return (
    <span className="jp-sm-Summary-actions">
      {actions && (
        <IconButton
          icon={ellipsesIcon}
          title={trans.__('More')}
          label={trans.__('More about %1', job.name)}
          hasMenu
          onClick={button => actions.showMenu(job, button)}
        />
      )}
      {actions && canStop(job) && (
        <IconButton
          icon={stopIcon}
          title={trans.__('Stop')}
          label={trans.__('Stop %1', job.name)}
          onClick={() => actions.stop(job)}
        />
      )}
      {actions && isOver(job) && (
        <IconButton
          icon={refreshIcon}
          title={trans.__('Run again')}
          label={trans.__('Run %1 again', job.name)}
          onClick={() => actions.runAgain(job)}
        />
      )}
    </span>
  );
}

/** What keeps a job from being submitted, or from getting its machines, if the target says so. */
function waitsFor(job: IJobView): string {
  const message = job.transitions[job.transitions.length - 1]?.message ?? '';
  if (isOver(job) || !message) {
    return '';
  }
  const isTold = job.status === 'Submitting' || /capacity/i.test(message);
  return isTold ? message : '';
}

function Details(props: IJobSummaryProps): JSX.Element {
  const { job, now, trans, trouble } = props;
  if (trouble && !isOver(job)) {
    return (
      <div
        className="jp-sm-Summary-details jp-sm-mod-trouble"
        title={trouble}
        role="status"
      >
        {trouble}
      </div>
    );
  }
  const waiting = waitsFor(job);
  if (waiting) {
    return (
      <div className="jp-sm-Summary-details jp-sm-mod-trouble" title={waiting}>
        {waiting}
      </div>
    );
  }
  if (job.explanation) {
    return (
      <div
        className="jp-sm-Summary-details jp-sm-mod-cause"
        title={job.explanation.what_happened}
      >
        {job.explanation.what_happened}
      </div>
    );
  }
  return (
    <div className="jp-sm-Summary-details">
      <span
        className={`jp-sm-Summary-place${job.metric ? ' jp-sm-mod-optional' : ''}`}
        title={place(job)}
      >
        {place(job)}
      </span>
      {job.metric && (
        <span className="jp-sm-Summary-metric">
          <Sparkline values={job.metric.recent} />
          {job.metric.name} {figure(job.metric.value)}
        </span>
      )}
      <span className="jp-sm-Summary-time">
        {[duration(elapsed(job, now)), timeLeft(job, now, trans)]
          .filter(Boolean)
          .join(' · ')}
      </span>
    </div>
  );
}
