import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { keyOf } from '../../api/client';
import { compared, finalValue } from '../../model/compare';
import type { IComparedJob, IComparedRow } from '../../model/compare';
import { plain } from '../../model/plain';
import { figure } from '../../components/words';

export interface ICompareTableProps {
  jobs: readonly IComparedJob[];
  trans: TranslationBundle;
}

/** What several jobs were given and what came of it, side by side. */
export function CompareTable(props: ICompareTableProps): JSX.Element {
  const { jobs, trans } = props;
  const parameters = jobs.map(job => job.parameters);
  const finals = jobs.map(
    job =>
      new Map(
        job.metrics.map(metric => {
          const value = finalValue(metric);
          return [metric.name, value === null ? '–' : figure(value)];
        })
      )
  );
  return (
    <table className="jp-sm-Compare">
      <caption>{trans.__('Hyperparameters and final metrics')}</caption>
      <thead>
        <tr>
          <td />
          {jobs.map(job => (
            <th key={keyOf(job)} scope="col">
              {job.name}
            </th>
          ))}
        </tr>
      </thead>
      <Part title={trans.__('Hyperparameters')} rows={compared(parameters)} />
      <Part title={trans.__('Final metrics')} rows={compared(finals)} />
    </table>
  );
}

function Part(props: { title: string; rows: IComparedRow[] }): JSX.Element {
  return (
    <tbody>
      <tr>
        <th scope="rowgroup" className="jp-sm-Compare-part">
          {props.title}
        </th>
      </tr>
      {props.rows.map(row => (
        <tr key={row.name} className={row.differs ? 'jp-sm-mod-differs' : ''}>
          <th scope="row">{plain(row.name)}</th>
          {row.values.map((value, index) => (
            <td key={index}>{plain(value ?? '–')}</td>
          ))}
        </tr>
      ))}
    </tbody>
  );
}
