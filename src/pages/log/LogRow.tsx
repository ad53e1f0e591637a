import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IJobActions } from '../../actions';
import type { ILogRecord, ILogRow } from '../../api/types';
import type { LogModel } from '../../model/log';
import { ansiPieces } from '../../components/ansi';
import type { ILogLook } from './LogBar';
import { duration } from '../../components/words';

/** A longer text is shown cut until somebody asks for all of it. */
const CUT = 2000;
/** The most of a text that is put on the page at all. */
const MOST_SHOWN = 200_000;

export interface ILogRowProps {
  row: ILogRow;
  log: LogModel;
  trans: TranslationBundle;
  look: ILogLook;
  begun: number;
  /** The entry that a search, or an error, leads to. */
  sought: number | null;
  actions: IJobActions;
}

/** A row of the log: an entry, or a run that can be unfolded. */
export function LogRow(props: ILogRowProps): JSX.Element {
  const { row, log, sought } = props;
  const holdsSought =
    sought !== null && sought >= row.first && sought < row.first + row.count;
  const unfolded = row.count > 1 ? log.unfolded(row) : null;

  // What is looked for must not stay hidden in a fold.
  React.useEffect(() => {
    if (holdsSought && row.count > 1 && !unfolded) {
      void log.toggle(row);
    }
  }, [holdsSought && sought]);

  if (row.count === 1) {
    return <Entry {...props} record={row.record} isSought={holdsSought} />;
  }
  return (
    <>
      <Run {...props} isUnfolded={unfolded !== null} />
      {unfolded?.map(record => (
        <Entry
          key={record.seq}
          {...props}
          record={record}
          isSought={record.seq === sought}
        />
      ))}
      {unfolded && row.count > unfolded.length && (
        <div className="jp-sm-Log-more">
          {props.trans.__(
            'and %1 more: turn Fold off to see them',
            row.count - unfolded.length
          )}
        </div>
      )}
    </>
  );
}

/** The head of a run: how many platform lines, or where a progress bar stands. */
function Run(props: ILogRowProps & { isUnfolded: boolean }): JSX.Element {
  const { row, log, trans, isUnfolded } = props;
  const isProgress = row.record.source === 'progress';
  return (
    <div className="jp-sm-Log-line jp-sm-mod-run">
      <Time {...props} record={row.record} />
      <Stream {...props} record={row.record} />
      <button
        className="jp-sm-Log-fold"
        aria-expanded={isUnfolded}
        title={isUnfolded ? trans.__('Fold') : trans.__('Unfold')}
        onClick={() => void log.toggle(row)}
      >
        {isUnfolded ? '▾' : '▸'}{' '}
        {isProgress
          ? trans.__('%1 states', row.count)
          : trans.__('%1 platform lines', row.count)}
      </button>
      {isProgress && !isUnfolded && <Progress text={row.record.text} />}
    </div>
  );
}

/** Severity has a sign too, as colour alone tells not everyone. */
const MARKS: { [severity: string]: string } = { error: '✖', warning: '⚠' };

/** One entry: time, stream where there are several, text. Text is shown as text, whatever it holds. */
function Entry(
  props: ILogRowProps & { record: ILogRecord; isSought: boolean }
): JSX.Element {
  const { record, log, trans, actions, isSought } = props;
  const isTraceback =
    record.text.includes('\n') && /^\s*File "/m.test(record.text);
  const [isFolded, setFolded] = React.useState(false);
  const frame = isTraceback ? ownFrame(record.text) : null;
  const soughtClass = isSought ? ' jp-sm-mod-sought' : '';
  return (
    <div
      className={`jp-sm-Log-line jp-sm-mod-${record.severity}${soughtClass}`}
    >
      <Time {...props} record={record} />
      <Stream {...props} record={record} />
      {record.severity in MARKS && (
        <span className="jp-sm-Log-mark" aria-label={record.severity}>
          {MARKS[record.severity]}
        </span>
      )}
      {isTraceback && (
        <button
          className="jp-sm-Log-fold"
          aria-expanded={!isFolded}
          aria-label={
            isFolded ? trans.__('Unfold traceback') : trans.__('Fold traceback')
          }
          onClick={() => setFolded(!isFolded)}
        >
          {isFolded ? '▸' : '▾'}
        </button>
      )}
      {record.source === 'progress' ? (
        <Progress text={record.text} />
      ) : (
        <Text
          text={isFolded ? lastLine(record.text) : record.text}
          cut={record.cut}
          seq={record.seq}
          log={log}
          marks={isFolded ? [] : log.search.marksOf(record.seq)}
          trans={trans}
        />
      )}
      {frame && (
        <button
          className="jp-sm-TextButton jp-sm-Log-source"
          title={trans.__('Open the file at this line')}
          onClick={() => actions.openSource(log.key, frame.file, frame.line)}
        >
          {`${frame.file.split('/').pop()}:${frame.line}`}
        </button>
      )}
    </div>
  );
}

function Time(props: ILogRowProps & { record: ILogRecord }): JSX.Element {
  const { record, look, begun } = props;
  const time = new Date(record.timestamp_ms);
  const valid = Number.isFinite(time.getTime());
  return (
    <time
      className="jp-sm-Log-time"
      dateTime={valid ? time.toISOString() : undefined}
      title={valid ? time.toLocaleString() : undefined}
    >
      {look.isRelative
        ? duration(record.timestamp_ms / 1000 - begun)
        : valid && time.toLocaleTimeString([], { hour12: false })}
    </time>
  );
}

function Stream(
  props: ILogRowProps & { record: ILogRecord }
): JSX.Element | null {
  return props.log.streams.length > 1 ? (
    <span className="jp-sm-Log-stream">
      {props.record.stream.replace(/-\d+$/, '')}
    </span>
  ) : null;
}

/** A progress bar's state, with a bar of our own where the text tells how much is done. */
function Progress(props: { text: string }): JSX.Element {
  const percent = /(\d+(?:\.\d+)?)\s?%/.exec(props.text);
  const counts = /(\d+)\s?\/\s?(\d+)/.exec(props.text);
  const share = percent
    ? Number(percent[1]) / 100
    : counts && Number(counts[2]) > 0
      ? Number(counts[1]) / Number(counts[2])
      : null;
  // The bar drawn with characters says what ours says.
  const text = props.text.replace(
    /\|[^|]{2,}\||\[[=>.#\s-]{4,}\]|[━╸╺]{4,}/,
    ' '
  );
  return (
    <span className="jp-sm-Log-text jp-sm-Log-progress">
      {share !== null && share <= 1 && (
        <progress className="jp-sm-Progress" max={1} value={share} />
      )}
      {ansiPieces(text).map(piece => piece.text)}
    </span>
  );
}

/** A text with its colours, and what is searched for marked. */
function Text(props: {
  text: string;
  /** Characters of it that the server left out. */
  cut: number;
  seq: number;
  log: LogModel;
  /** Where the server found an expression in it; null for a plain text. */
  marks: number[] | null;
  trans: TranslationBundle;
}): JSX.Element {
  const [isWhole, setWhole] = React.useState(false);
  const [fetched, setFetched] = React.useState<ILogRecord | null>(null);
  const { log, marks, trans } = props;
  const { query } = log.search;
  const { text, cut } = isWhole && fetched ? fetched : props;
  const most = isWhole ? MOST_SHOWN : CUT;
  const hidden = Math.max(text.length - most, 0) + cut;
  const toggle = async () => {
    setWhole(!isWhole);
    if (!isWhole && props.cut > 0) {
      setFetched((await log.entry(props.seq).catch(() => null)) ?? null);
    }
  };
  const shown = text.length > most ? text.slice(0, most) : text;
  let at = 0;
  return (
    <span className="jp-sm-Log-text">
      {ansiPieces(shown).map((piece, index) => {
        const begin = at;
        at += piece.text.length;
        return (
          <span key={index} className={piece.className || undefined}>
            {marks !== null
              ? marked(piece.text, begin, marks)
              : query
                ? marked(piece.text, 0, placesOf(query, piece.text))
                : piece.text}
          </span>
        );
      })}
      {props.text.length > CUT && (
        <button className="jp-sm-TextButton" onClick={() => void toggle()}>
          {isWhole
            ? trans.__('Show less')
            : trans.__('… %1 characters more', hidden)}
        </button>
      )}
      {isWhole && hidden > 0 && (
        <a className="jp-sm-TextButton" href={log.address} download>
          {trans.__('%1 characters more: download the log', hidden)}
        </a>
      )}
    </span>
  );
}

/** Where a plain text stands in a text, in any case: begins and ends in turn. */
function placesOf(query: string, text: string): number[] {
  const literal = query.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  return Array.from(text.matchAll(new RegExp(literal, 'gi'))).flatMap(match => [
    match.index,
    match.index + match[0].length
  ]);
}

/** The part of a text that begins at `at` in the whole, with the marked places that lie in it. */
function marked(text: string, at: number, marks: number[]): React.ReactNode {
  const parts: React.ReactNode[] = [];
  let done = 0;
  for (let index = 0; index + 1 < marks.length; index += 2) {
    const begin = Math.max(marks[index] - at, done);
    const end = Math.min(marks[index + 1] - at, text.length);
    if (begin < end) {
      parts.push(
        text.slice(done, begin),
        <mark key={begin}>{text.slice(begin, end)}</mark>
      );
      done = end;
    }
  }
  return parts.length > 0 ? [...parts, text.slice(done)] : text;
}

/** The innermost frame in the user's own code, as a container lays it out. */
function ownFrame(text: string): { file: string; line: number } | null {
  let found: { file: string; line: number } | null = null;
  for (const match of text.matchAll(/File "([^"\n]+)", line (\d+)/g)) {
    if (
      /\/code\//.test(match[1]) &&
      !/\/(site|dist)-packages\//.test(match[1])
    ) {
      found = { file: match[1], line: Number(match[2]) };
    }
  }
  return found;
}

function lastLine(text: string): string {
  const lines = text.trimEnd().split('\n');
  return lines[lines.length - 1];
}
