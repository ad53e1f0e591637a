import * as React from 'react';

import type { IExplanation } from '../api/types';

/** An explanation's words. */
export type Words = Pick<
  IExplanation,
  'title' | 'what_happened' | 'likely_cause' | 'fixes'
>;

/** An error as a person reads it: what failed, why, what to do. */
export function Explained(props: { words: Words }): JSX.Element {
  const { title, what_happened, likely_cause, fixes } = props.words;
  return (
    <>
      <h3 className="jp-sm-Error-title">{title}</h3>
      <p>{what_happened}</p>
      {likely_cause && <p>{likely_cause}</p>}
      {fixes.length > 0 && (
        <ul>
          {fixes.map((fix, index) => (
            <li key={index}>{fix}</li>
          ))}
        </ul>
      )}
    </>
  );
}
