import type { TranslationBundle } from '@jupyterlab/translation';

import type { IJobView } from '../api/types';
import { isOver } from '../model/phase';

/** `2 m 10 s`, `1 h 3 m`, `45 s`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  if (hours > 0) {
    return `${hours} h ${minutes} m`;
  }
  return minutes > 0 ? `${minutes} m ${whole % 60} s` : `${whole} s`;
}

/** A time to come, no more exact than it can be known: `40 s`, `3 m`, `1 h 20 m`. */
export function about(seconds: number): string {
  if (seconds < 55) {
    return `${Math.max(10, Math.round(seconds / 10) * 10)} s`;
  }
  const minutes = Math.round(seconds / 60);
  return minutes >= 60 ? duration(minutes * 60) : `${minutes} m`;
}

/** How long a running job may still take: `~3 m left`; empty where that is not known. */
export function timeLeft(
  job: IJobView,
  now: number,
  trans: TranslationBundle
): string {
  const end = job.progress?.ends_at ?? null;
  return isOver(job) || end === null || end <= now
    ? ''
    : trans.__('~%1 left', about(end - now));
}

/** How long the job runs, or ran, in seconds. */
export function elapsed(job: IJobView, now: number): number {
  return (job.ended_at ?? now) - job.created_at;
}

/** The job's state in words: `Training · epoch 12/30 · 40 %`, `Failed · FileNotFoundError`. */
export function stateInWords(job: IJobView, trans: TranslationBundle): string {
  if (job.stop_requested && !isOver(job)) {
    return trans.__('Stopping');
  }
  if (job.status === 'Failed' || job.status === 'Rejected') {
    const cause = shortCause(job);
    return cause ? `${job.status} · ${cause}` : job.status;
  }
  if (job.status === 'Submitting' && job.progress?.unit === 'bytes') {
    const { current, total } = job.progress;
    return trans.__(
      'Submitting · %1 of %2 uploaded',
      size(current),
      size(total ?? 0)
    );
  }
  if (isOver(job) || job.status !== 'InProgress') {
    return job.status;
  }
  const parts = [job.secondary_status || job.status];
  if (job.progress && isWorking(job)) {
    const { unit, current, total, percent } = job.progress;
    parts.push(`${unit} ${current}${total ? `/${total}` : ''}`);
    if (percent !== null) {
      parts.push(`${Math.round(percent)}\u00a0%`);
    }
  }
  return parts.join(' · ');
}

/** Whether the script itself runs; kinds without a secondary status do not tell more. */
function isWorking(job: IJobView): boolean {
  return ['Training', job.status].includes(job.secondary_status);
}

/** `12.3 MiB` */
export function size(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let at = 0;
  while (count >= 1024 && at < units.length - 1) {
    count /= 1024;
    at += 1;
  }
  return `${count.toFixed(at ? 1 : 0)} ${units[at]}`;
}

/** Why a job failed, in a word or two: the exception's name, else the explanation's title. */
export function shortCause(job: IJobView): string {
  const error = job.explanation?.entities?.['error'];
  const named = typeof error === 'string' ? error.split(':')[0] : '';
  return named || job.explanation?.title || '';
}

/** `ml.m5.large × 1 · local` */
export function place(job: IJobView): string {
  return `${job.instance_type} × ${job.instance_count} · ${job.target}`;
}

/** A metric's value with four significant digits. */
export function figure(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(4))) : '–';
}
