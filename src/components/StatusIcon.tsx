import * as React from 'react';

import type { IJobView } from '../api/types';

/** The shapes there are; each state has its own, so that colour is never all there is. */
export type StatusShape =
  'running' | 'waiting' | 'completed' | 'failed' | 'stopped';

const PATHS: { [shape in StatusShape]: React.ReactNode } = {
  running: (
    <>
      <circle cx="8" cy="8" r="5.5" opacity="0.3" />
      <path d="M8 2.5a5.5 5.5 0 0 1 5.5 5.5" />
    </>
  ),
  waiting: <circle cx="8" cy="8" r="5.5" strokeDasharray="2.4 2.2" />,
  completed: <path d="M3 8.5l3.3 3.3L13 4.8" />,
  failed: <path d="M4 4l8 8M12 4l-8 8" />,
  stopped: <rect x="4.5" y="4.5" width="7" height="7" fill="currentColor" />
};

/** Which shape a job's state has. */
export function shapeOf(job: IJobView): StatusShape {
  switch (job.status) {
    case 'Completed':
      return 'completed';
    case 'Failed':
    case 'Rejected':
      return 'failed';
    case 'Stopped':
      return 'stopped';
    case 'Submitting':
      return 'waiting';
    default:
      return job.secondary_status === 'Pending' ? 'waiting' : 'running';
  }
}

/** The icon of a job's state. It is always next to the state in words, so it says nothing itself. */
export function StatusIcon(props: { job: IJobView }): JSX.Element {
  const shape = shapeOf(props.job);
  return (
    <svg
      className={`jp-sm-StatusIcon jp-sm-mod-${shape}`}
      viewBox="0 0 16 16"
      width="16"
      height="16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {PATHS[shape]}
    </svg>
  );
}
