import type { ReadonlyJSONObject } from '@lumino/coreutils';
import { Token } from '@lumino/coreutils';

import type { IJobKey } from './api/client';
import type { JobsModel } from './model/jobs';

/** The one client-side store of jobs, which every view shows. */
export const IJobsModel = new Token<JobsModel>(
  'jupyter_sm:IJobsModel',
  'The SageMaker jobs of this server: their list, their state and their changes.'
);

/** The commands of this extension; their arguments are a job's key, or a target's name. */
export const CommandIDs = {
  openJob: 'jupyter-sm:open-job',
  stopJob: 'jupyter-sm:stop-job',
  runAgain: 'jupyter-sm:run-again',
  copyName: 'jupyter-sm:copy-name',
  openPanel: 'jupyter-sm:open-panel',
  openSource: 'jupyter-sm:open-source',
  removeTarget: 'jupyter-sm:remove-target'
} as const;

/** The id of the sidebar panel. */
export const PANEL_ID = 'jupyter-sm-panel';

/** The JSON schema of a job's key, as commands take it. */
export const JOB_KEY_SCHEMA = {
  type: 'object',
  properties: {
    target: { type: 'string', description: 'The target the job runs on' },
    kind: { type: 'string', description: 'The kind of job, such as training' },
    name: { type: 'string', description: 'The name of the job' }
  },
  required: ['target', 'kind', 'name']
} as const;

/** A job's key, and what to make larger when it runs again. */
export const RUN_AGAIN_SCHEMA = {
  ...JOB_KEY_SCHEMA,
  properties: {
    ...JOB_KEY_SCHEMA.properties,
    change: {
      type: 'string',
      description:
        'What to make larger: larger-instance, more-disk, longer-runtime, choose-instance or instance=TYPE'
    }
  }
} as const;

/** A job's key, and a line of the file that it ran. */
export const OPEN_SOURCE_SCHEMA = {
  ...JOB_KEY_SCHEMA,
  properties: {
    ...JOB_KEY_SCHEMA.properties,
    file: { type: 'string', description: 'The file as the traceback names it' },
    line: { type: 'number', description: 'The line, from 1' }
  }
} as const;

/** A target's name, as commands take it. */
export const TARGET_SCHEMA = {
  type: 'object',
  properties: {
    target: { type: 'string', description: "The target's name" }
  },
  required: ['target']
} as const;

/** A job's key as the arguments of a command. */
export function jobArgs(job: IJobKey): ReadonlyJSONObject {
  return { target: job.target, kind: job.kind, name: job.name };
}
