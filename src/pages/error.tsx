import * as React from 'react';

import { ErrorActions } from '../components/ErrorActions';
import { Explained } from '../components/Explained';
import type { IPageProps } from '../components/JobTab';

/** An error as a person reads it: what failed, why, what to do; the raw text folded. */
export function ErrorPage(props: IPageProps): JSX.Element | null {
  const { job, trans, actions, showLog } = props;
  const { explanation } = job;
  return (
    explanation && (
      <section className="jp-sm-Error" aria-label={trans.__('Error')}>
        <Explained words={explanation} />
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
