import * as React from 'react';

import { ErrorActions } from '../components/ErrorActions';
import type { IPageProps } from '../components/JobTab';

/** An error as a person reads it: what failed, why, what to do; the raw text folded. */
export function ErrorPage(props: IPageProps): JSX.Element | null {
  const { job, trans, actions, showLog } = props;
  const { explanation } = job;
  return (
    explanation && (
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
        <ErrorActions
          job={job}
          explanation={explanation}
          actions={actions}
          trans={trans}
          showLog={showLog}
        />
        {explanation.raw && (
          <details>
            <summary>{trans.__('Details')}</summary>
            <pre className="jp-sm-Error-raw">{explanation.raw}</pre>
          </details>
        )}
      </section>
    )
  );
}
