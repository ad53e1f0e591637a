import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';

import { Client } from '../api/client';
import { JobsModel } from '../model/jobs';
import { IJobsModel } from '../tokens';

/** Provides the one store of jobs, fed by the server's events. */
export const modelPlugin: JupyterFrontEndPlugin<JobsModel> = {
  id: 'jupyter_sm:model',
  description: 'Provides the SageMaker jobs of this server.',
  autoStart: true,
  provides: IJobsModel,
  activate: (app: JupyterFrontEnd) => {
    const { serverSettings, events } = app.serviceManager;
    return new JobsModel(new Client(serverSettings), events.stream);
  }
};
