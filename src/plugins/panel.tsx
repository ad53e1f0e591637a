import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import { ReactWidget } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import * as React from 'react';

import { jobActions } from '../actions';
import { Panel } from '../components/Panel';
import type { JobsModel } from '../model/jobs';
import { IJobsModel, PANEL_ID } from '../tokens';
import { sageMakerIcon } from './icon';

/** Adds the sidebar panel. */
export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter_sm:panel',
  description: 'Adds the sidebar panel with the list of SageMaker jobs.',
  autoStart: true,
  requires: [IJobsModel],
  optional: [ITranslator, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    model: JobsModel,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyter_sm');
    const panel = ReactWidget.create(
      <Panel model={model} trans={trans} actions={jobActions(app.commands)} />
    );
    panel.id = PANEL_ID;
    panel.title.icon = sageMakerIcon;
    panel.title.caption = trans.__('SageMaker');
    panel.node.setAttribute('role', 'region');
    panel.node.setAttribute('aria-label', trans.__('SageMaker jobs'));
    app.shell.add(panel, 'left', { rank: 350, type: 'SageMaker' });
    restorer?.add(panel, PANEL_ID);
  }
};
