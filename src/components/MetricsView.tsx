import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IJobKey } from '../api/client';
import type { JobsModel } from '../model/jobs';
import { MetricsModel } from '../model/metrics';
import type { Axis } from '../model/series';
import { Chart } from './Chart';
import { useSignals } from './hooks';

export interface IMetricsViewProps {
  jobKey: IJobKey;
  model: JobsModel;
  trans: TranslationBundle;
}

/** A job's metrics as curves. */
export function MetricsView(props: IMetricsViewProps): JSX.Element {
  const { jobKey, model } = props;
  const [metrics, setMetrics] = React.useState<MetricsModel | null>(null);
  React.useEffect(() => {
    const made = new MetricsModel(model, jobKey);
    setMetrics(made);
    return () => made.dispose();
  }, [jobKey.target, jobKey.kind, jobKey.name]);
  return metrics ? <Curves {...props} metrics={metrics} /> : <></>;
}

function Curves(
  props: IMetricsViewProps & { metrics: MetricsModel }
): JSX.Element {
  const { metrics, trans } = props;
  useSignals(metrics.changed);
  const [axis, setAxis] = React.useState<Axis>('step');
  const [isLog, setLog] = React.useState(false);
  const [smoothing, setSmoothing] = React.useState(0);
  if (metrics.metrics.length === 0) {
    return (
      <div className="jp-sm-Empty">
        {metrics.error ??
          (metrics.isLoaded
            ? trans.__(
                'No metrics yet. Lines such as “epoch 1 loss: 0.5” become curves.'
              )
            : trans.__('Loading…'))}
      </div>
    );
  }
  return (
    <div className="jp-sm-Metrics">
      <div className="jp-sm-Metrics-bar">
        <label>
          {trans.__('Axis')}{' '}
          <select
            value={axis}
            onChange={event => setAxis(event.target.value as Axis)}
          >
            <option value="step">{trans.__('Step')}</option>
            <option value="time">{trans.__('Time')}</option>
          </select>
        </label>
        <label>
          <input
            type="checkbox"
            checked={isLog}
            onChange={event => setLog(event.target.checked)}
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
            value={smoothing}
            onChange={event => setSmoothing(Number(event.target.value))}
          />
        </label>
      </div>
      <div className="jp-sm-Metrics-charts">
        {metrics.metrics.map(metric => (
          <Chart
            key={metric.name}
            metric={metric}
            trans={trans}
            axis={axis}
            isLog={isLog}
            smoothing={smoothing}
          />
        ))}
      </div>
    </div>
  );
}
