import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IJobActions } from '../actions';
import type { IJobKey } from '../api/client';
import type { IExplanation } from '../api/types';

export interface IErrorActionsProps {
  job: IJobKey;
  explanation: IExplanation;
  actions: IJobActions;
  trans: TranslationBundle;
  /** Show the log, at an entry if one is known. */
  showLog: (entry?: number) => void;
  children?: React.ReactNode;
}

/** What can be done about an error at once, as buttons. */
export function ErrorActions(props: IErrorActionsProps): JSX.Element | null {
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
  props: IErrorActionsProps & { action: { [key: string]: unknown } }
): JSX.Element | null {
  const { action, actions, job, trans, showLog } = props;
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
            showLog(typeof action.line === 'number' ? action.line : undefined)
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
