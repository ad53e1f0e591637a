import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ILabShell, ILayoutRestorer } from '@jupyterlab/application';
import {
  MainAreaWidget,
  ReactWidget,
  WidgetTracker
} from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import * as React from 'react';

import { jobActions } from '../actions';
import type { IJobActions } from '../actions';
import { keyOf } from '../api/client';
import type { IJobKey } from '../api/client';
import { JobTab } from '../components/JobTab';
import type { JobsModel } from '../model/jobs';
import type { LogModel } from '../model/log';
import { PAGES } from '../pages';
import { CommandIDs, IJobsModel, JOB_KEY_SCHEMA, jobArgs } from '../tokens';
import { sageMakerIcon } from './icon';

/** The content of a job's tab; reads the log for as long as it is there. */
class JobTabContent extends ReactWidget {
  constructor(
    readonly jobKey: IJobKey,
    private _model: JobsModel,
    private _trans: TranslationBundle,
    private _actions: IJobActions
  ) {
    super();
    this.addClass('jp-sm-JobTab');
    this._log = _model.openLog(jobKey);
    if (!_model.job(jobKey)) {
      // An old job is not in the list; one that is nowhere is told so by the tab.
      void _model.load(jobKey).catch(() => undefined);
    }
  }

  dispose(): void {
    this._log.dispose();
    super.dispose();
  }

  protected render(): JSX.Element {
    return (
      <JobTab
        jobKey={this.jobKey}
        model={this._model}
        log={this._log}
        trans={this._trans}
        actions={this._actions}
        pages={PAGES}
      />
    );
  }

  private _log: LogModel;
}

/** Adds the main-area tab of a job, and the command that opens it. */
export const jobTabPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter_sm:job-tab',
  description: 'Adds a main-area tab for a SageMaker job.',
  autoStart: true,
  requires: [IJobsModel],
  optional: [ITranslator, ILayoutRestorer, ILabShell],
  activate: (
    app: JupyterFrontEnd,
    model: JobsModel,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    labShell: ILabShell | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyter_sm');
    const actions = jobActions(app.commands);
    const tracker = new WidgetTracker<MainAreaWidget<JobTabContent>>({
      namespace: 'jupyter-sm-jobs'
    });

    app.commands.addCommand(CommandIDs.openJob, {
      label: trans.__('Open job'),
      describedBy: { args: JOB_KEY_SCHEMA },
      execute: args => {
        const key = args as unknown as IJobKey;
        let tab = tracker.find(
          widget => keyOf(widget.content.jobKey) === keyOf(key)
        );
        if (!tab) {
          const content = new JobTabContent(
            jobArgs(key) as unknown as IJobKey,
            model,
            trans,
            actions
          );
          // eslint-disable-next-line jupyter/require-disposable-ownership -- the shell's, once added
          tab = new MainAreaWidget({ content });
          tab.id = `jupyter-sm-job-${keyOf(key)}`;
          tab.title.label = key.name;
          tab.title.caption = key.name;
          tab.title.icon = sageMakerIcon;
          tab.title.closable = true;
          tab.toolbar.hide();
          void tracker.add(tab);
          // Notebook 7's main area is the notebook's, and takes nothing more.
          app.shell.add(tab, labShell ? 'main' : 'right');
        }
        app.shell.activateById(tab.id);
      }
    });

    void restorer?.restore(tracker, {
      command: CommandIDs.openJob,
      args: tab => jobArgs(tab.content.jobKey),
      name: tab => keyOf(tab.content.jobKey)
    });
  }
};
