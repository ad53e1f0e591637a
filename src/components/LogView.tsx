import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IJobActions } from '../actions';
import type { LogModel } from '../model/log';
import { useSignals } from './hooks';
import { LogBar } from './LogBar';
import type { ILogLook } from './LogBar';
import { LogRowView } from './LogRow';
import { VirtualRows } from './VirtualRows';

export interface ILogViewProps {
  log: LogModel;
  trans: TranslationBundle;
  /** Shown while there is no line yet. */
  empty: string;
  /** Why the log is not all there. */
  note?: string | null;
  /** The entry to begin at; none follows the end. */
  line?: number | null;
  /** When the job began, in seconds: what relative times count from. */
  begun: number;
  actions: IJobActions;
}

/** A job's log: follows the end until the user scrolls up. */
export function LogView(props: ILogViewProps): JSX.Element {
  const { log, trans } = props;
  const { search } = log;
  useSignals(log.changed, search.changed);
  const node = React.useRef<HTMLDivElement>(null);
  const [look, setLook] = React.useState<ILogLook>({
    isWrapped: true,
    isRelative: false
  });
  const [isFollowing, setFollowing] = React.useState(
    (props.line ?? null) === null
  );
  const [target, setTarget] = React.useState<{ row: number } | null>(null);
  const [sought, setSought] = React.useState<number | null>(props.line ?? null);
  const isFiltered = Object.values(log.filter).some(value => value);

  // An entry asked for by number stands in some row, which the server knows.
  React.useEffect(() => {
    const line = props.line ?? null;
    if (line === null) {
      return;
    }
    let isCurrent = true;
    setFollowing(false);
    void log.rowOf(line).then(row => {
      if (isCurrent && row !== null) {
        setSought(line);
        setTarget({ row });
      }
    });
    return () => {
      isCurrent = false;
    };
  }, [props.line, log]);

  // Another filter has other rows: the one with the entry that was at the top stays there.
  const top = React.useRef<number | null>(null);
  React.useEffect(() => {
    const seq = sought ?? top.current;
    if (log.round > 0 && !isFollowing && seq !== null) {
      void log.rowOf(seq).then(row => row !== null && setTarget({ row }));
    }
  }, [log.round]);

  const { place } = search;
  React.useEffect(() => {
    if (place) {
      setSought(place.seq);
      setTarget({ row: place.row });
    }
  }, [place?.row, place?.seq]);

  const onKeyDown = (event: React.KeyboardEvent) => {
    if ((event.ctrlKey || event.metaKey) && event.key === 'f') {
      event.preventDefault();
      event.stopPropagation();
      node.current?.querySelector<HTMLElement>('input[type=search]')?.focus();
    }
  };

  return (
    <div className="jp-sm-Log" ref={node} onKeyDown={onKeyDown}>
      <LogBar
        log={log}
        trans={trans}
        look={look}
        setLook={setLook}
        isFollowing={isFollowing}
        setFollowing={setFollowing}
      />
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
      {log.count === 0 ? (
        <div className="jp-sm-Empty" role="status">
          {!log.isLoaded
            ? trans.__('Reading the log…')
            : isFiltered
              ? trans.__('No line fits.')
              : props.empty}
        </div>
      ) : (
        <VirtualRows
          count={log.count}
          has={(first, last) => log.has(first, last)}
          ensure={(first, last) => log.ensure(first, last)}
          draw={row => (
            <LogRowView
              row={log.row(row)!}
              log={log}
              trans={trans}
              look={look}
              begun={props.begun}
              sought={sought}
              actions={props.actions}
            />
          )}
          layout={`${log.round} ${look.isWrapped}`}
          isFollowing={isFollowing}
          setFollowing={setFollowing}
          target={target}
          onTop={row => {
            top.current = log.row(row)?.first ?? top.current;
          }}
          label={trans.__('Log')}
          className={look.isWrapped ? 'jp-sm-mod-wrapped' : ''}
        />
      )}
    </div>
  );
}
