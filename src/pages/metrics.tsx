import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { keyOf } from '../api/client';
import { useOwn, useSignals } from '../components/hooks';
import { IconButton } from '../components/IconButton';
import type { IPageProps } from '../components/JobTab';
import type { ComparisonModel } from '../model/comparison';
import type { JobsModel } from '../model/jobs';
import type { Axis } from '../model/series';
import { Chart } from './metrics/Chart';
import { CompareTable } from './metrics/CompareTable';

/** The group of what tells of the work: samples a second, memory. */
const SPEED = 'speed';

/** How curves are drawn. */
interface ILook {
  axis: Axis;
  isLog: boolean;
  smoothing: number;
}

/** A job's metrics as curves, with those of other jobs beside them if asked for. */
export function MetricsPage(props: IPageProps): JSX.Element | null {
  const { job, model, trans } = props;
  const comparison = useOwn(() => model.openComparison(job), keyOf(job));
  return (
    comparison && <Curves comparison={comparison} model={model} trans={trans} />
  );
}

interface ICurvesProps {
  comparison: ComparisonModel;
  model: JobsModel;
  trans: TranslationBundle;
}

function Curves(props: ICurvesProps): JSX.Element {
  const { comparison, trans } = props;
  useSignals(comparison.changed);
  const [look, setLook] = React.useState<ILook>({
    axis: 'step',
    isLog: false,
    smoothing: 0
  });
  const { jobs, metrics } = comparison;
  if (metrics.length === 0) {
    return (
      <div className="jp-sm-Empty">
        {comparison.error ??
          (comparison.isLoaded
            ? trans.__(
                'No metrics yet. Lines such as “epoch 1 loss: 0.5” become curves.'
              )
            : trans.__('Loading…'))}
      </div>
    );
  }
  // Jobs ran at different times: what they have in common is the time since each began.
  const isCompared = jobs.length > 1;
  const axis = isCompared && look.axis === 'time' ? 'elapsed' : look.axis;
  const charts = (group: string) => (
    <div className="jp-sm-Metrics-charts">
      {metrics
        .filter(metric => metric.group === group)
        .map(metric => (
          <Chart
            key={metric.name}
            metric={metric}
            trans={trans}
            axis={axis}
            isLog={look.isLog}
            smoothing={look.smoothing}
          />
        ))}
    </div>
  );
  return (
    <div className="jp-sm-Metrics">
      <LookBar {...props} look={look} setLook={setLook} />
      {charts('')}
      {metrics.some(metric => metric.group === SPEED) && (
        <section aria-label={trans.__('Speed')}>
          <h3 className="jp-sm-Metrics-group">{trans.__('Speed')}</h3>
          {charts(SPEED)}
        </section>
      )}
      {comparison.leftOut > 0 && (
        <div className="jp-sm-Empty">
          {trans.__(
            'and %1 curves more; `jupyter sm metrics` has all of them',
            comparison.leftOut
          )}
        </div>
      )}
      {isCompared && <CompareTable jobs={jobs} trans={trans} />}
    </div>
  );
}

/** Axis, scale and smoothing of the curves, and whose they are. */
function LookBar(
  props: ICurvesProps & { look: ILook; setLook: (look: ILook) => void }
): JSX.Element {
  const { comparison, model, trans, look, setLook } = props;
  useSignals(model.changed);
  const [, ...others] = comparison.keys;
  const shown = new Set(comparison.keys.map(keyOf));
  const candidates = model.jobs.filter(
    job => job.metric !== null && !shown.has(keyOf(job))
  );
  return (
    <div className="jp-sm-Metrics-bar">
      <label>
        {trans.__('Axis')}{' '}
        <select
          value={look.axis}
          onChange={event =>
            setLook({ ...look, axis: event.target.value as Axis })
          }
        >
          <option value="step">{trans.__('Step')}</option>
          <option value="epoch">{trans.__('Epoch')}</option>
          <option value="time">{trans.__('Time')}</option>
        </select>
      </label>
      <label>
        <input
          type="checkbox"
          checked={look.isLog}
          onChange={event => setLook({ ...look, isLog: event.target.checked })}
        />{' '}
        {trans.__('Log scale')}
      </label>
      <label>
        {trans.__('Smoothing')}{' '}
        <input
          type="range"
          min={0}
          max={0.95}
          step={0.05}
          value={look.smoothing}
          onChange={event =>
            setLook({ ...look, smoothing: Number(event.target.value) })
          }
        />
      </label>
      {candidates.length > 0 && (
        <select
          aria-label={trans.__('Compare with')}
          value=""
          onChange={event => {
            const job = candidates.find(
              one => keyOf(one) === event.target.value
            );
            if (job) {
              comparison.add(job);
            }
          }}
        >
          <option value="">{trans.__('Compare with…')}</option>
          {candidates.map(job => (
            <option key={keyOf(job)} value={keyOf(job)}>
              {job.name}
            </option>
          ))}
        </select>
      )}
      {others.map(key => (
        <span key={keyOf(key)} className="jp-sm-Chip">
          {key.name}
          <IconButton
            icon={closeIcon}
            isSmall
            title={trans.__('Leave out')}
            label={trans.__('Leave out %1', key.name)}
            onClick={() => comparison.remove(key)}
          />
        </span>
      ))}
    </div>
  );
}
