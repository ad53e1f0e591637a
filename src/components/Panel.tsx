import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon, refreshIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IJobActions } from '../actions';
import { keyOf } from '../api/client';
import type { IJobView } from '../api/types';
import { isTroubled } from '../model/jobs';
import type { JobsModel } from '../model/jobs';
import { isOver } from '../model/phase';
import { useNow, useSignals } from './hooks';
import { IconButton } from './IconButton';
import { JobSummary } from './JobSummary';
import type { IJobSummaryProps } from './JobSummary';

/** Code, so not to be translated. */
const TRAIN_MAGIC = '%%sm train';
/** The target that is always there. */
const LOCAL = 'local';

export interface IPanelProps {
  model: JobsModel;
  trans: TranslationBundle;
  actions: IJobActions;
}

/** The sidebar: targets, what runs, what ran. */
export function Panel(props: IPanelProps): JSX.Element {
  const { model, trans } = props;
  useSignals(model.changed);
  const [query, setQuery] = React.useState('');
  const [chosen, setTarget] = React.useState('');
  // One that was removed meanwhile filters no longer.
  const target = model.targets.some(one => one.name === chosen) ? chosen : '';
  const shown = model.jobs.filter(
    job => matches(job, query) && (!target || job.target === target)
  );
  const running = shown.filter(job => !isOver(job));
  const recent = shown.filter(job => isOver(job));
  const now = useNow(running.length > 0);
  return (
    <div className="jp-sm-Panel">
      <header className="jp-sm-Panel-header">
        <h2>{trans.__('SageMaker')}</h2>
        <IconButton
          icon={refreshIcon}
          title={trans.__('Refresh')}
          onClick={() => void model.refresh().catch(() => undefined)}
        />
      </header>
      <TargetPicker {...props} chosen={target} onChoose={setTarget} />
      <Targets {...props} />
      {model.jobs.length > 0 && (
        <input
          className="jp-sm-Panel-search"
          type="search"
          placeholder={trans.__('Search name or script')}
          aria-label={trans.__('Search jobs')}
          value={query}
          onChange={event => setQuery(event.target.value)}
        />
      )}
      <Announcer {...props} />
      <div className="jp-sm-Panel-lists">
        {!model.isLoaded && !model.error && (
          <div className="jp-sm-Empty">{trans.__('Loading…')}</div>
        )}
        {model.isLoaded && model.jobs.length === 0 && (
          <div className="jp-sm-Empty">
            {trans.__('No jobs yet. Run a cell that starts with')}{' '}
            <code>{TRAIN_MAGIC}</code>
          </div>
        )}
        {query && shown.length === 0 && (
          <div className="jp-sm-Empty">
            {trans.__('No job matches “%1”.', query)}
          </div>
        )}
        <Section
          {...props}
          title={trans.__('Running')}
          jobs={running}
          now={now}
        />
        <Section
          {...props}
          title={trans.__('Recent')}
          jobs={recent}
          now={now}
        />
      </div>
    </div>
  );
}

function matches(job: IJobView, query: string): boolean {
  const text = `${job.name} ${job.script} ${job.status}`.toLowerCase();
  return text.includes(query.trim().toLowerCase());
}

/** Whose jobs to show, once there is more than one target; one not used yet comes into use. */
function TargetPicker(
  props: IPanelProps & { chosen: string; onChoose: (target: string) => void }
): JSX.Element | null {
  const { model, trans, chosen, onChoose } = props;
  const used = model.targets.filter(target => target.health !== 'unused');
  const unused = model.targets.filter(target => target.health === 'unused');
  if (model.targets.length < 2) {
    return null;
  }
  const choose = (name: string) => {
    onChoose(name);
    if (unused.some(target => target.name === name)) {
      void model.useTarget(name).catch(() => undefined);
    }
  };
  return (
    <select
      className="jp-sm-Panel-target"
      aria-label={trans.__('Target')}
      value={chosen}
      onChange={event => choose(event.target.value)}
    >
      <option value="">{trans.__('All targets')}</option>
      {used.map(target => (
        <option key={target.name}>{target.name}</option>
      ))}
      {unused.length > 0 && (
        <optgroup label={trans.__('Not used yet')}>
          {unused.map(target => (
            <option key={target.name}>{target.name}</option>
          ))}
        </optgroup>
      )}
    </select>
  );
}

/** Each target in use with its health in a word; trouble as one line: what, and what to do. */
function Targets(props: IPanelProps): JSX.Element {
  const { model, trans } = props;
  const words: { [health: string]: string } = {
    ready: trans.__('ready'),
    stale: trans.__('not reachable'),
    waiting: trans.__('waits for you'),
    untracked: trans.__('starting')
  };
  const used = model.targets.filter(target => target.health !== 'unused');
  return (
    <div className="jp-sm-Targets">
      {used.map(target => (
        <div key={target.name} className="jp-sm-Targets-row">
          <span className="jp-sm-Targets-name">{target.name}</span>
          <span
            className={`jp-sm-Targets-health jp-sm-mod-${model.error ? 'unknown' : target.health}`}
          >
            {model.error
              ? trans.__('unknown')
              : (words[target.health] ?? target.health)}
          </span>
          {target.name !== LOCAL && (
            <IconButton
              icon={closeIcon}
              title={trans.__('Remove')}
              label={trans.__('Remove the target %1', target.name)}
              isSmall
              onClick={() => props.actions.removeTarget(target.name)}
            />
          )}
        </div>
      ))}
      {model.error && (
        <div className="jp-sm-Trouble" role="status">
          {trouble(model, trans)}
        </div>
      )}
      {model.targets
        .filter(target => target.health !== 'unused' && target.reason)
        .map(target => (
          <div key={target.name} className="jp-sm-Trouble" role="status">
            {target.reason}
            {isTroubled(target) && target.as_of !== null && (
              <>
                {' '}
                {trans.__(
                  'As of %1.',
                  new Date(target.as_of * 1000).toLocaleTimeString([], {
                    hour: '2-digit',
                    minute: '2-digit'
                  })
                )}
              </>
            )}
          </div>
        ))}
    </div>
  );
}

/** Why there is nothing new: what the server says of itself, or that it says nothing. */
function trouble(model: JobsModel, trans: TranslationBundle): string {
  switch (model.refusal) {
    case 'told':
      return model.error ?? '';
    case 'missing':
      return trans.__(
        'This Jupyter server runs without the server extension of jupyter_sm. Switch it on with %1 and start the server again.',
        'jupyter server extension enable jupyter_sm'
      );
    case null:
      return trans.__(
        'The Jupyter server does not answer; what is shown may be old.'
      );
  }
}

function Section(
  props: IPanelProps & { title: string; jobs: IJobView[]; now: number }
): JSX.Element | null {
  const { title, jobs, now, trans } = props;
  if (jobs.length === 0) {
    return null;
  }
  return (
    <details className="jp-sm-Section" open>
      <summary className="jp-sm-Section-title">
        {title} <span className="jp-sm-Section-count">{jobs.length}</span>
      </summary>
      <ul className="jp-sm-Section-rows" aria-label={title}>
        {jobs.map(job => (
          <Row
            key={keyOf(job)}
            job={job}
            // What has ended does not age; so its row is not rendered each second.
            now={isOver(job) ? 0 : now}
            trans={trans}
            trouble={props.model.troubleOf(job.target)}
            actions={props.actions}
          />
        ))}
      </ul>
    </details>
  );
}

const Row = React.memo(function Row(props: IJobSummaryProps): JSX.Element {
  return (
    <li className="jp-sm-Row" data-job={props.job.name}>
      <JobSummary {...props} />
    </li>
  );
});

/** Tells a screen reader when a job ends, once, without reading the whole list aloud. */
function Announcer(props: IPanelProps): JSX.Element {
  const { model } = props;
  const seen = React.useRef(new Map<string, boolean>());
  const [text, setText] = React.useState('');
  React.useEffect(() => {
    for (const job of model.jobs) {
      const before = seen.current.get(keyOf(job));
      if (before === false && isOver(job)) {
        setText(`${job.name}: ${job.status}`);
      }
      seen.current.set(keyOf(job), isOver(job));
    }
  }, [model.jobs]);
  return (
    <div className="jp-sm-Announcer" aria-live="polite">
      {text}
    </div>
  );
}
