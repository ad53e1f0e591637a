import type { TranslationBundle } from '@jupyterlab/translation';
import {
  caretDownIcon,
  caretUpIcon,
  copyIcon,
  downloadIcon,
  regexIcon
} from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ILogFilter } from '../../api/client';
import type { LogModel } from '../../model/log';
import { IconButton } from '../../components/IconButton';

/** A search begins when typing pauses for this long. */
const PAUSE_MS = 250;
/** Lines that are copied at most. */
const MOST_COPIED = 5000;

/** How lines look. */
export interface ILogLook {
  isWrapped: boolean;
  /** Times since the job began, not of the day. */
  isRelative: boolean;
}

export interface ILogBarProps {
  log: LogModel;
  trans: TranslationBundle;
  look: ILogLook;
  setLook: (look: ILogLook) => void;
  isFollowing: boolean;
  setFollowing: (isFollowing: boolean) => void;
}

/** What of the log to show and how: search, severity, instance; copy and download. */
export function LogBar(props: ILogBarProps): JSX.Element {
  const { log, trans, look, setLook } = props;
  const set = (more: ILogFilter) => log.setFilter({ ...log.filter, ...more });
  return (
    <div className="jp-sm-LogBar" role="toolbar" aria-label={trans.__('Log')}>
      <Search log={log} trans={trans} />
      <select
        aria-label={trans.__('Severity')}
        value={log.filter.severity ?? ''}
        onChange={event => set({ severity: event.target.value })}
      >
        <option value="">{trans.__('All lines')}</option>
        <option value="info">{trans.__('Info and up')}</option>
        <option value="warning">{trans.__('Warnings')}</option>
        <option value="error">{trans.__('Errors')}</option>
      </select>
      <select
        aria-label={trans.__('Source')}
        value={log.filter.source ?? ''}
        onChange={event => set({ source: event.target.value })}
      >
        <option value="">{trans.__('All sources')}</option>
        <option value="user">{trans.__('Script')}</option>
        <option value="framework">{trans.__('Framework')}</option>
        <option value="platform">{trans.__('Platform')}</option>
        <option value="progress">{trans.__('Progress')}</option>
      </select>
      {(log.streams.length > 1 || log.filter.stream) && (
        <select
          aria-label={trans.__('Instance')}
          value={log.filter.stream ?? ''}
          onChange={event => set({ stream: event.target.value })}
        >
          <option value="">{trans.__('All instances')}</option>
          {log.streams.map(stream => (
            <option key={stream} value={stream}>
              {stream.replace(/-\d+$/, '')}
            </option>
          ))}
        </select>
      )}
      <Toggle
        label={trans.__('Fold')}
        title={trans.__('Show runs of platform lines and of progress as one')}
        isOn={log.isFolded}
        onClick={() => log.setFolded(!log.isFolded)}
      />
      <Toggle
        label={trans.__('Wrap')}
        title={trans.__('Break long lines')}
        isOn={look.isWrapped}
        onClick={() => setLook({ ...look, isWrapped: !look.isWrapped })}
      />
      <Toggle
        label={trans.__('Elapsed')}
        title={trans.__('Times since the start of the job')}
        isOn={look.isRelative}
        onClick={() => setLook({ ...look, isRelative: !look.isRelative })}
      />
      <Toggle
        label={trans.__('Follow')}
        title={trans.__('Stay at the end of the log')}
        isOn={props.isFollowing}
        onClick={() => props.setFollowing(!props.isFollowing)}
      />
      <Copy log={log} trans={trans} />
      <a
        className="jp-sm-IconButton"
        href={log.address}
        download
        title={trans.__('Download the log')}
        aria-label={trans.__('Download the log')}
      >
        <downloadIcon.react tag="span" elementSize="normal" />
      </a>
    </div>
  );
}

/** The search field, how often it is found, and the way from one find to the next. */
function Search(props: {
  log: LogModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { trans } = props;
  const { search } = props.log;
  const [query, setQuery] = React.useState(search.query);
  const begin = (text: string, isRegex: boolean) => {
    if (text !== search.query || isRegex !== search.isRegex) {
      search.set(text, isRegex);
    }
  };

  React.useEffect(() => {
    const timer = window.setTimeout(
      () => begin(query, search.isRegex),
      PAUSE_MS
    );
    return () => window.clearTimeout(timer);
  }, [query]);

  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key === 'Enter') {
      if (query !== search.query) {
        begin(query, search.isRegex);
      } else {
        search.go(event.shiftKey ? -1 : 1);
      }
    } else if (event.key === 'Escape' && query) {
      event.stopPropagation();
      setQuery('');
    }
  };

  const step = (label: string, by: number, icon: typeof caretUpIcon) => (
    <IconButton
      icon={icon}
      title={label}
      isDisabled={!search.total}
      onClick={() => search.go(by)}
    />
  );
  return (
    <span className="jp-sm-LogBar-search">
      <input
        type="search"
        placeholder={trans.__('Search')}
        aria-label={trans.__('Search the log')}
        value={query}
        onChange={event => setQuery(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <IconButton
        icon={regexIcon}
        title={trans.__('Regular expression')}
        isPressed={search.isRegex}
        onClick={() => search.set(query, !search.isRegex)}
      />
      <span
        className={`jp-sm-LogBar-count${search.error ? ' jp-sm-mod-wrong' : ''}`}
        aria-live="polite"
        title={search.error ?? undefined}
      >
        {search.error ?? countInWords(search, trans)}
      </span>
      {step(trans.__('Previous find'), -1, caretUpIcon)}
      {step(trans.__('Next find'), 1, caretDownIcon)}
    </span>
  );
}

/** Which find is looked at, of how many. */
function countInWords(
  search: { query: string; total: number | null; current: number },
  trans: TranslationBundle
): string {
  const { query, total, current } = search;
  if (!query) {
    return '';
  }
  if (total === null) {
    return trans.__('Searching…');
  }
  return current < 0
    ? total.toLocaleString()
    : `${(current + 1).toLocaleString()}/${total.toLocaleString()}`;
}

function Toggle(props: {
  label: string;
  title: string;
  isOn: boolean;
  onClick: () => void;
}): JSX.Element {
  return (
    <button
      className="jp-sm-Toggle"
      title={props.title}
      aria-pressed={props.isOn}
      onClick={props.onClick}
    >
      {props.label}
    </button>
  );
}

/** Copies the end of what is shown, and says so on itself. */
function Copy(props: { log: LogModel; trans: TranslationBundle }): JSX.Element {
  const { log, trans } = props;
  const label = trans.__('Copy the last %1 lines', MOST_COPIED);
  const [said, setSaid] = React.useState('');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(await log.text(MOST_COPIED));
      setSaid(trans.__('Copied'));
    } catch {
      setSaid(trans.__('Not copied: the browser or the server said no'));
    }
    window.setTimeout(() => setSaid(''), 2000);
  };
  return (
    <>
      <span className="jp-sm-LogBar-count" aria-live="polite">
        {said}
      </span>
      <IconButton icon={copyIcon} title={label} onClick={() => void copy()} />
    </>
  );
}
