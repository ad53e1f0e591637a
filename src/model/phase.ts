import type { IJobView } from '../api/types';

/** Whether a job has come to its end, well or not. The phase says it for every kind of job. */
export function isOver(job: IJobView): boolean {
  return job.phase === 'ended' || job.phase === 'gone';
}

/** Whether Stop is offered: the job goes on, and nobody has asked for its end yet. */
export function canStop(job: IJobView): boolean {
  return !isOver(job) && !job.stop_requested && job.status !== 'Stopping';
}
