import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

/** What the target decided of a job: the role and image it took, what counts for nothing there. */
export function Notes(props: {
  notes: readonly string[];
  trans: TranslationBundle;
}): JSX.Element | null {
  return props.notes.length === 0 ? null : (
    <ul className="jp-sm-Notes" aria-label={props.trans.__('Notes')}>
      {props.notes.map((note, index) => (
        <li key={index}>{note}</li>
      ))}
    </ul>
  );
}
