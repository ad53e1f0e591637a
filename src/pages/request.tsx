import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { keyOf } from '../api/client';
import { useOwn, useSignals } from '../components/hooks';
import type { IPageProps } from '../components/JobTab';
import { Notes } from '../components/Notes';
import { visible } from '../model/plain';
import type { RequestModel } from '../model/request';

/** The full Create request, as it was sent, and what the target decided. */
export function RequestPage(props: IPageProps): JSX.Element {
  const { job, model, trans } = props;
  const request = useOwn(() => model.openRequest(job), keyOf(job));
  return (
    <>
      <Notes notes={job.notes} trans={trans} />
      <pre
        className="jp-sm-Request"
        tabIndex={0}
        aria-label={trans.__('Request')}
      >
        {request ? (
          <RequestText request={request} trans={trans} />
        ) : (
          trans.__('Loading…')
        )}
      </pre>
    </>
  );
}

function RequestText(props: {
  request: RequestModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { request, trans } = props;
  useSignals(request.changed);
  const text =
    request.request && visible(JSON.stringify(request.request, null, 2));
  return <>{text ?? request.error ?? trans.__('Loading…')}</>;
}
