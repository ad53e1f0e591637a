import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IJobView } from '../api/types';
import { useSignals } from '../components/hooks';
import type { IPageProps } from '../components/JobTab';
import { VirtualRows } from '../components/VirtualRows';
import { isOver } from '../model/phase';
import { LogBar } from './log/LogBar';
import type { ILogLook } from './log/LogBar';
import { LogRow } from './log/LogRow';

/** A job's log: follows the end until the user scrolls up. */
export function LogPage(props: IPageProps): JSX.Element {
  const { job, log, trans, entry } = props;
  const { search } = log;
  useSignals(log.changed, search.changed);
  const node = React.useRef<HTMLDivElement>(null);
  const [look, setLook] = React.useState<ILogLook>({
    isWrapped: true,
    isRelative: false
  });
  const [isFollowing, setFollowing] = React.useState(entry === null);
  const [jump, setJump] = React.useState<{ row: number } | null>(null);
  const [sought, setSought] = React.useState(entry);
  const isFiltered = Object.values(log.filter).some(value => value);

  // An entry asked for by number stands in some row, which the server knows.
  React.useEffect(() => {
    if (entry === null) {
      return;
    }
    let isCurrent = true;
    setFollowing(false);
    void log.rowOf(entry).then(row => {
      if (isCurrent && row !== null) {
        setSought(entry);
        setJump({ row });
      }
    });
    return () => {
      isCurrent = false;
    };
  }, [entry, log]);

  // Another filter has other rows: the one with the entry that was at the top stays there.
  const top = React.useRef<number | null>(null);
  React.useEffect(() => {
    const seq = sought ?? top.current;
    if (log.round > 0 && !isFollowing && seq !== null) {
      void log.rowOf(seq).then(row => row !== null && setJump({ row }));
    }
  }, [log.round]);

  const { find } = search;
  React.useEffect(() => {
    if (find) {
      setSought(find.seq);
      setJump({ row: find.row });
    }
  }, [find?.row, find?.seq]);

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
      {job.log_note && (
        <div className="jp-sm-Trouble" role="status">
          {job.log_note}
        </div>
      )}
      {log.count === 0 ? (
        <div className="jp-sm-Empty" role="status">
          {!log.isLoaded
            ? trans.__('Reading the log…')
            : isFiltered
              ? trans.__('No line fits.')
              : emptyLog(job, trans)}
        </div>
      ) : (
        <VirtualRows
          count={log.count}
          has={(first, last) => log.has(first, last)}
          ensure={(first, last) => log.ensure(first, last)}
          draw={row => (
            <LogRow
              row={log.row(row)!}
              log={log}
              trans={trans}
              look={look}
              begun={job.started_at ?? job.created_at}
              sought={sought}
              actions={props.actions}
            />
          )}
          layout={`${log.round} ${look.isWrapped}`}
          isFollowing={isFollowing}
          setFollowing={setFollowing}
          jump={jump}
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

function emptyLog(job: IJobView, trans: TranslationBundle): string {
  if (job.log_lines > 0) {
    return trans.__('Its lines are no longer kept here.');
  }
  return isOver(job)
    ? trans.__('The job printed nothing.')
    : trans.__('Nothing printed yet.');
}
