import type { IJobView } from '../api/types';

/** Whether a job has come to its end, well or not. The phase says it for every kind of job. */
export function isOver(job: IJobView): boolean {
  return job.phase === 'ended' || job.phase === 'gone';
}
