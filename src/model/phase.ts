import type { IJobView } from '../api/types';

/** Whether a job has come to its end, well or not. Nothing else decides that by words of state. */
export function isOver(job: IJobView): boolean {
  return job.is_final;
}
