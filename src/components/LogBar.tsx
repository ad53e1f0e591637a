import type { TranslationBundle } from '@jupyterlab/translation';
import { downloadIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ILogFilter } from '../api/client';
import type { LogModel } from '../model/log';

/** A search begins when typing pauses for this long. */
const PAUSE_MS = 250;

export interface ILogBarProps {
  log: LogModel;
  /** The streams seen so far. */
  streams: readonly string[];
  trans: TranslationBundle;
}

/** What of the log to show: search, severity, stream; and the whole of it as a file. */
export function LogBar(props: ILogBarProps): JSX.Element {
  const { log, streams, trans } = props;
  const [query, setQuery] = React.useState(log.filter.query ?? '');
  const set = (more: ILogFilter) => log.setFilter({ ...log.filter, ...more });

  React.useEffect(() => {
    if (query === (log.filter.query ?? '')) {
      return;
    }
    const timer = window.setTimeout(() => set({ query }), PAUSE_MS);
    return () => window.clearTimeout(timer);
  }, [query]);

  const isFiltered = Object.values(log.filter).some(value => value);
  return (
    <div className="jp-sm-LogBar">
      <input
        type="search"
        placeholder={trans.__('Search the log')}
        aria-label={trans.__('Search the log')}
        value={query}
        onChange={event => setQuery(event.target.value)}
      />
      <select
        aria-label={trans.__('Severity')}
        value={log.filter.severity ?? ''}
        onChange={event => set({ severity: event.target.value })}
      >
        <option value="">{trans.__('All lines')}</option>
        <option value="info">{trans.__('Info and above')}</option>
        <option value="warning">{trans.__('Warnings and errors')}</option>
        <option value="error">{trans.__('Errors')}</option>
      </select>
      {streams.length > 1 && (
        <select
          aria-label={trans.__('Instance')}
          value={log.filter.stream ?? ''}
          onChange={event => set({ stream: event.target.value })}
        >
          <option value="">{trans.__('All instances')}</option>
          {streams.map(stream => (
            <option key={stream} value={stream}>
              {stream.replace(/-\d+$/, '')}
            </option>
          ))}
        </select>
      )}
      <span className="jp-sm-LogBar-count" aria-live="polite">
        {isFiltered &&
          log.isLoaded &&
          trans._n('%1 line', '%1 lines', log.records.length)}
      </span>
      <a
        className="jp-sm-IconButton"
        href={log.address}
        download
        title={trans.__('Download')}
        aria-label={trans.__('Download the log')}
      >
        <downloadIcon.react tag="span" elementSize="normal" />
      </a>
    </div>
  );
}
