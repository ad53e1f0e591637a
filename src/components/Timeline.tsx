import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IJobView } from '../api/types';
import { isOver } from '../model/phase';
import { duration } from './words';

/** What a job goes through when all is well, to show what is still to come. */
const USUAL: { [kind: string]: string[] } = {
  training: ['Pending', 'Downloading', 'Training', 'Uploading', 'Completed']
};
const PLAIN = ['InProgress', 'Completed'];
const MIN_SHOWN_SECONDS = 0.05;

interface IStep {
  status: string;
  seconds: number | null;
  when: 'past' | 'now' | 'ahead';
}

/** The steps of a job: those it went through with their durations, then those ahead. */
export function stepsOf(job: IJobView, now: number): IStep[] {
  const past = job.transitions.filter((transition, index) => {
    // The last two tell where a job is, or in which state it came to its end.
    const isNearEnd = index >= job.transitions.length - 2;
    const took = (transition.end ?? now) - transition.start;
    return isNearEnd || took >= MIN_SHOWN_SECONDS;
  });
  const steps: IStep[] = past.map((transition, index) => {
    const isNow = index === past.length - 1 && !isOver(job);
    const isEnd = index === past.length - 1 && isOver(job);
    return {
      status: transition.status,
      seconds: isEnd ? null : (transition.end ?? now) - transition.start,
      when: isNow ? 'now' : 'past'
    };
  });
  if (!isDetailed(job)) {
    const since = job.started_at ?? job.created_at;
    steps.push(
      isOver(job)
        ? { status: job.status, seconds: null, when: 'past' }
        : { status: job.status, seconds: now - since, when: 'now' }
    );
  }
  if (!isOver(job) && job.status !== 'Stopping') {
    const now = steps[steps.length - 1]?.status ?? '';
    const usual = USUAL[job.kind] ?? PLAIN;
    const reached = usual.indexOf(now === 'Starting' ? 'Pending' : now);
    for (const status of usual.slice(reached + 1)) {
      steps.push({ status, seconds: null, when: 'ahead' });
    }
  }
  return steps;
}

/** Whether the target tells a job's steps; of some kinds there is one status and no more. */
function isDetailed(job: IJobView): boolean {
  const isWithout =
    job.secondary_status === job.status && job.phase !== 'submitting';
  // Submitting is ours to tell, of every kind.
  return job.transitions.length > 1 || !isWithout;
}

function spent(seconds: number): string {
  return seconds < 1 ? '< 1 s' : duration(seconds);
}

/** `Pending 2 s ── Downloading 1 s ── Training 2 m 10 s ── Uploading ── Completed` */
export function Timeline(props: {
  job: IJobView;
  now: number;
  trans: TranslationBundle;
}): JSX.Element {
  const { job, now, trans } = props;
  return (
    <ol className="jp-sm-Timeline" aria-label={trans.__('States')}>
      {stepsOf(job, now).map((step, index) => (
        <li
          key={index}
          className={`jp-sm-Timeline-step jp-sm-mod-${step.when}`}
          aria-current={step.when === 'now' ? 'step' : undefined}
        >
          {step.status}
          {step.seconds !== null && (
            <span className="jp-sm-Timeline-time">{spent(step.seconds)}</span>
          )}
        </li>
      ))}
    </ol>
  );
}
