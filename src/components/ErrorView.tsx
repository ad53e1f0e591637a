import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IJobActions } from '../actions';
import type { IJobKey } from '../api/client';
import type { IExplanation } from '../api/types';

export interface IErrorViewProps {
  job: IJobKey;
  explanation: IExplanation;
  actions: IJobActions;
  trans: TranslationBundle;
  /** Show the log, at an entry if one is known. */
  onShowLog: (line?: number) => void;
}

/** An error as a person reads it: what failed, why, what to do; the raw text folded. */
export function ErrorView(props: IErrorViewProps): JSX.Element {
  const { explanation, trans } = props;
  return (
    <section className="jp-sm-Error" aria-label={trans.__('Error')}>
      <h3 className="jp-sm-Error-title">{explanation.title}</h3>
      <p>{explanation.what_happened}</p>
      {explanation.likely_cause && <p>{explanation.likely_cause}</p>}
      {explanation.fixes.length > 0 && (
        <ul>
          {explanation.fixes.map((fix, index) => (
            <li key={index}>{fix}</li>
          ))}
        </ul>
      )}
      <ErrorActions {...props} />
      {explanation.raw && (
        <details>
          <summary>{trans.__('Details')}</summary>
          <pre className="jp-sm-Error-raw">{explanation.raw}</pre>
        </details>
      )}
    </section>
  );
}

/** What can be done about an error at once, as buttons. */
export function ErrorActions(
  props: IErrorViewProps & { children?: React.ReactNode }
): JSX.Element | null {
  const { actions: offers } = props.explanation;
  return offers.length === 0 && !props.children ? null : (
    <div className="jp-sm-Error-actions">
      {props.children}
      {offers.map((action, index) => (
        <Action key={index} {...props} action={action} />
      ))}
    </div>
  );
}

/** One action as a button (or a link, where it leads elsewhere); unknown kinds show nothing. */
function Action(
  props: IErrorViewProps & { action: { [key: string]: unknown } }
): JSX.Element | null {
  const { action, actions, job, trans, onShowLog } = props;
  const again: { [kind: string]: [string, string | undefined] } = {
    'rename-and-resubmit': [trans.__('Run under a new name'), undefined],
    retry: [trans.__('Run again'), undefined],
    'next-larger-instance': [
      trans.__('Run on the next larger instance'),
      'larger-instance'
    ],
    'choose-instance': [
      trans.__('Run on another instance…'),
      'choose-instance'
    ],
    'more-disk': [trans.__('Run with twice the disk'), 'more-disk'],
    'longer-runtime': [trans.__('Run with twice the time'), 'longer-runtime']
  };
  const kind = String(action.kind);
  if (kind in again) {
    const [label, change] = again[kind];
    return (
      <Button label={label} onClick={() => actions.runAgain(job, change)} />
    );
  }
  switch (kind) {
    case 'show-log':
      return (
        <Button
          label={trans.__('Show log')}
          onClick={() =>
            onShowLog(typeof action.line === 'number' ? action.line : undefined)
          }
        />
      );
    case 'copy-iam-statement':
      return (
        <CopyButton
          label={trans.__('Copy IAM statement')}
          done={trans.__('Copied')}
          text={JSON.stringify(action.statement, null, 2)}
        />
      );
    case 'log-in':
      return (
        <CopyButton
          label={trans.__('Copy login command')}
          done={trans.__('Copied')}
          text={String(action.command)}
        />
      );
    case 'open-quota-page':
      return String(action.url).startsWith('https://') ? (
        <a
          className="jp-sm-Button"
          href={String(action.url)}
          target="_blank"
          rel="noopener noreferrer"
        >
          {trans.__('Open quota page')}
        </a>
      ) : null;
    default:
      return null;
  }
}

function Button(props: { label: string; onClick: () => void }): JSX.Element {
  return (
    <button className="jp-sm-Button" onClick={props.onClick}>
      {props.label}
    </button>
  );
}

/** Copies a text, and says so on itself. */
function CopyButton(props: {
  label: string;
  done: string;
  text: string;
}): JSX.Element {
  const [isDone, setDone] = React.useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(props.text);
    setDone(true);
  };
  return (
    <Button
      label={isDone ? props.done : props.label}
      onClick={() => void copy()}
    />
  );
}
