import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ILogRecord } from '../api/types';
import type { LogModel } from '../model/log';
import { useSignals } from './hooks';
import { LogBar } from './LogBar';
import { withoutAnsi } from './words';

export interface ILogViewProps {
  log: LogModel;
  trans: TranslationBundle;
  /** Shown while there is no line yet. */
  empty: string;
  /** Why the log is not all there. */
  note?: string | null;
  /** The entry to begin at; none follows the end. */
  line?: number | null;
}

/** A job's log as text: follows the end until the user scrolls up. */
export function LogView(props: ILogViewProps): JSX.Element {
  const { log, trans } = props;
  useSignals(log.changed);
  const scroller = React.useRef<HTMLDivElement>(null);
  const line = props.line ?? null;
  const [isFollowing, setFollowing] = React.useState(line === null);
  const last = log.records[log.records.length - 1]?.seq;
  const seen = React.useRef(new Set<string>());
  log.records.forEach(record => seen.current.add(record.stream));
  const streams = [...seen.current].sort();
  const isFiltered = Object.values(log.filter).some(value => value);

  React.useLayoutEffect(() => {
    if (isFollowing && scroller.current) {
      scroller.current.scrollTop = scroller.current.scrollHeight;
    }
  }, [last, isFollowing]);

  React.useLayoutEffect(() => {
    const sought = scroller.current?.querySelector('.jp-sm-mod-sought');
    if (sought) {
      sought.scrollIntoView({ block: 'start' });
    }
  }, [line, log.isLoaded]);

  const onScroll = (event: React.UIEvent<HTMLDivElement>) => {
    const node = event.currentTarget;
    const rest = node.scrollHeight - node.scrollTop - node.clientHeight;
    setFollowing(rest < 24);
  };

  return (
    <div className="jp-sm-Log">
      <LogBar log={log} streams={streams} trans={trans} />
      {log.error && (
        <div className="jp-sm-Trouble" role="status">
          {trans.__('The log can not be read now: %1', log.error)}
        </div>
      )}
      {props.note && (
        <div className="jp-sm-Trouble" role="status">
          {props.note}
        </div>
      )}
      <div
        className="jp-sm-Log-lines"
        ref={scroller}
        onScroll={onScroll}
        role="log"
        aria-live="off"
        aria-label={trans.__('Log')}
        tabIndex={0}
      >
        {log.hasEarlier && (
          <button
            className="jp-sm-TextButton"
            onClick={() => void log.loadEarlier()}
          >
            {trans.__('Show earlier lines')}
          </button>
        )}
        {log.records.length === 0 && (
          <div className="jp-sm-Empty">
            {!log.isLoaded
              ? trans.__('Reading the log…')
              : isFiltered
                ? trans.__('No line fits.')
                : props.empty}
          </div>
        )}
        {log.records.map(record => (
          <LogLine
            key={record.seq}
            record={record}
            showStream={streams.length > 1}
            isSought={record.seq === line}
          />
        ))}
      </div>
      {!isFollowing && (
        <button
          className="jp-sm-TextButton jp-sm-Log-follow"
          onClick={() => setFollowing(true)}
        >
          {trans.__('Follow the end')}
        </button>
      )}
    </div>
  );
}

/** Severity has a sign too, as colour alone tells not everyone. */
const MARKS: { [severity: string]: string } = { error: '✖', warning: '⚠' };

/** One line: time, stream where there are several, text. Text is shown as text, whatever it holds. */
const LogLine = React.memo(function LogLine(props: {
  record: ILogRecord;
  showStream: boolean;
  isSought: boolean;
}): JSX.Element {
  const { record, showStream, isSought } = props;
  const time = new Date(record.timestamp_ms);
  return (
    <div
      className={`jp-sm-Log-line jp-sm-mod-${record.severity}${isSought ? ' jp-sm-mod-sought' : ''}`}
    >
      <time className="jp-sm-Log-time" dateTime={time.toISOString()}>
        {time.toLocaleTimeString([], { hour12: false })}
      </time>
      {showStream && (
        <span className="jp-sm-Log-stream">
          {record.stream.replace(/-\d+$/, '')}
        </span>
      )}
      {record.severity in MARKS && (
        <span className="jp-sm-Log-mark" aria-label={record.severity}>
          {MARKS[record.severity]}
        </span>
      )}
      <span className="jp-sm-Log-text">{withoutAnsi(record.text)}</span>
    </div>
  );
});
