import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type uPlot from 'uplot';

import { axisOf, columns } from '../../model/series';
import type { Axis, IMetric } from '../../model/series';
import { useTheme } from '../../components/hooks';

const HEIGHT = 180;
/** JupyterLab's own accents, told apart by dash too. */
const COLORS = [
  '--jp-brand-color1',
  '--jp-accent-color1',
  '--jp-warn-color1',
  '--jp-info-color1',
  '--jp-error-color1',
  '--jp-success-color1'
];
const DASHES = [[], [6, 3], [2, 3]];

/** Between ticks of steps, which come in whole numbers. */
const WHOLE = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7].flatMap(n => [
  n,
  2 * n,
  5 * n
]);

export interface IChartProps {
  trans: TranslationBundle;
  metric: IMetric;
  axis: Axis;
  isLog: boolean;
  /** What the past counts in a running average, 0..1. */
  smoothing: number;
}

/** One metric as curves, a line for each stream; drag to zoom, double-click for all of it. */
export function Chart(props: IChartProps): JSX.Element {
  const { metric, isLog, smoothing } = props;
  const axis = axisOf(metric, props.axis);
  const host = React.useRef<HTMLDivElement>(null);
  const chart = React.useRef<uPlot | null>(null);
  const streams = metric.series.map(series => series.stream).join();
  const [isSeen, setSeen] = React.useState(false);
  const theme = useTheme();

  // Of a hundred charts those are drawn that somebody gets to see.
  React.useEffect(() => {
    const watcher = new IntersectionObserver(entries => {
      if (entries.some(entry => entry.isIntersecting)) {
        setSeen(true);
        watcher.disconnect();
      }
    });
    watcher.observe(host.current!);
    return () => watcher.disconnect();
  }, []);

  React.useEffect(() => {
    const node = host.current;
    if (!node || !isSeen) {
      return;
    }
    let isGone = false;
    const observer = new ResizeObserver(() =>
      chart.current?.setSize({ width: node.clientWidth, height: HEIGHT })
    );
    void import('uplot').then(({ default: Plot }) => {
      if (!isGone) {
        chart.current = new Plot(
          options({ ...props, axis }, node),
          columns(metric, axis, smoothing) as uPlot.AlignedData,
          node
        );
        observer.observe(node);
      }
    });
    return () => {
      isGone = true;
      observer.disconnect();
      chart.current?.destroy();
      chart.current = null;
    };
  }, [metric.name, streams, axis, isLog, isSeen, theme]);

  React.useEffect(() => {
    chart.current?.setData(
      columns(metric, axis, smoothing) as uPlot.AlignedData
    );
  }, [metric, smoothing]);

  return (
    <figure className="jp-sm-Chart" aria-label={metric.name}>
      <figcaption className="jp-sm-Chart-name">{metric.name}</figcaption>
      <div ref={host} style={{ minHeight: HEIGHT }} />
    </figure>
  );
}

function xLabel(axis: Axis, trans: TranslationBundle): string {
  const labels = {
    step: trans.__('Step'),
    epoch: trans.__('Epoch'),
    time: trans.__('Time'),
    elapsed: trans.__('Seconds')
  };
  return labels[axis];
}

function options(props: IChartProps, node: HTMLElement): uPlot.Options {
  const { metric, axis, isLog, trans } = props;
  const style = getComputedStyle(node);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const axisStyle = {
    stroke: color('--jp-ui-font-color2'),
    grid: { stroke: color('--jp-border-color3'), width: 1 },
    ticks: { stroke: color('--jp-border-color3'), width: 1 },
    font: `11px ${color('--jp-ui-font-family') || 'sans-serif'}`
  };
  const isWhole = axis === 'step' || axis === 'elapsed';
  return {
    width: node.clientWidth || 480,
    height: HEIGHT,
    scales: { x: { time: axis === 'time' }, y: { distr: isLog ? 3 : 1 } },
    axes: [
      { ...axisStyle, ...(isWhole ? { incrs: WHOLE } : {}) },
      { ...axisStyle, size: 60 }
    ],
    legend: { show: metric.series.length > 1 },
    cursor: { points: { size: 5 } },
    series: [
      { label: xLabel(axis, trans) },
      ...metric.series.map((series, index) => ({
        label: series.stream,
        stroke: color(COLORS[index % COLORS.length]),
        dash: DASHES[Math.floor(index / COLORS.length) % DASHES.length],
        width: 1.5,
        spanGaps: true,
        points: { show: series.values.length < 3 }
      }))
    ]
  };
}
