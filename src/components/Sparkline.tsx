import * as React from 'react';

const WIDTH = 48;
const HEIGHT = 12;

/** A metric's recent values as a line of 48 × 12 px; nothing for fewer than two. */
export function Sparkline(props: { values: number[] }): JSX.Element | null {
  const values = props.values.filter(Number.isFinite);
  if (values.length < 2) {
    return null;
  }
  const low = Math.min(...values);
  const span = Math.max(...values) - low || 1;
  const points = values.map((value, index) => {
    const x = 1 + (index * (WIDTH - 2)) / (values.length - 1);
    const y = HEIGHT - 1 - ((value - low) * (HEIGHT - 2)) / span;
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return (
    <svg
      className="jp-sm-Sparkline"
      width={WIDTH}
      height={HEIGHT}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      aria-hidden="true"
    >
      <polyline points={points.join(' ')} fill="none" stroke="currentColor" />
    </svg>
  );
}
