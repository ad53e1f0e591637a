import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { keyOf } from '../api/client';
import type { IJobKey } from '../api/client';
import { compared, finalValue, parametersOf } from '../model/compare';
import type { IComparedRow, IRun } from '../model/compare';
import type { JobsModel } from '../model/jobs';
import { figure } from './words';

export interface ICompareTableProps {
  runs: readonly IRun[];
  model: JobsModel;
  trans: TranslationBundle;
}

/** What several jobs were given and what came of it, side by side. */
export function CompareTable(props: ICompareTableProps): JSX.Element {
  const { runs, model, trans } = props;
  const parameters = useParameters(runs, model);
  const finals = runs.map(
    run =>
      new Map(
        run.metrics.map(metric => {
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
          {runs.map(run => (
            <th key={keyOf(run)} scope="col">
              {run.name}
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
          <th scope="row">{row.name}</th>
          {row.values.map((value, index) => (
            <td key={index}>{value ?? '–'}</td>
          ))}
        </tr>
      ))}
    </tbody>
  );
}

/** The hyperparameters of each job; empty until they are known. */
function useParameters(
  keys: readonly IJobKey[],
  model: JobsModel
): Map<string, string>[] {
  const [known, setKnown] = React.useState(
    new Map<string, Map<string, string>>()
  );
  const ids = keys.map(keyOf).join();
  React.useEffect(() => {
    let isCurrent = true;
    void Promise.all(
      keys.map(async key => {
        const answer = await model.client.getRequest(key).catch(() => null);
        return [keyOf(key), parametersOf(answer?.request ?? {})] as const;
      })
    ).then(entries => isCurrent && setKnown(new Map(entries)));
    return () => {
      isCurrent = false;
    };
  }, [ids]);
  return keys.map(key => known.get(keyOf(key)) ?? new Map<string, string>());
}
