import { expect, test } from '@jupyterlab/galata';

import { SageMaker, countingScript, freshName } from './helpers';

test('a training cell returns, its card lives while another cell runs', async ({
  page
}) => {
  const sm = new SageMaker(page);
  const name = freshName('live');
  await sm.openNotebook('live.ipynb');
  await sm.openPanel();
  await sm.run(`%%sm train --name ${name}\n${countingScript(30, 0.25)}`);

  const card = sm.card(name);
  await expect(card).toContainText('Training');
  await card.getByText('Log', { exact: true }).click();
  const tail = card.locator('.jp-sm-Tail-lines');
  await expect(tail).toContainText('line-0');
  const before = await tail.textContent();

  // The kernel is busy with another cell, and the card goes on.
  const busy = sm.run('import time; time.sleep(3); print("second", "cell")');
  await expect(tail).not.toHaveText(before ?? '');
  await expect(card).toContainText(/epoch \d+\/30/);
  await page.screenshot({ path: 'screenshots/card-running-light.png' });
  await busy;
  await expect(page.locator('.jp-OutputArea')).toContainText(['second cell']);
  await expect(card).toContainText('Completed', { timeout: 20_000 });
  await expect(tail).toContainText('line-030');
});

test('the card lives on when the kernel is gone', async ({ page }) => {
  const sm = new SageMaker(page);
  const name = freshName('orphan');
  await sm.openNotebook('orphan.ipynb');
  await sm.run(`%%sm train --name ${name}\n${countingScript(20, 0.25)}`);
  const card = sm.card(name);
  await expect(card).toContainText('Training');
  await page.evaluate(async () => {
    await window.jupyterapp.serviceManager.sessions.shutdownAll();
  });
  await expect(card).toContainText(/epoch 1\d\/20/);
  await expect(card).toContainText('Completed', { timeout: 20_000 });
});

test('a failing job says why, in the row, the card and the tab', async ({
  page
}) => {
  const sm = new SageMaker(page);
  const name = freshName('failing');
  await sm.openNotebook('failing.ipynb');
  await sm.openPanel();
  await sm.run(
    `%%sm train --name ${name}\nprint("begin")\nraise ValueError("labels are missing")`
  );
  await expect(sm.card(name)).toContainText('Failed · ValueError');
  await expect(sm.row(name)).toContainText('labels are missing');
  const tab = await sm.openJob(name);
  await expect(tab.getByRole('tab').first()).toHaveText('Error');
  await expect(tab).toContainText('ValueError: labels are missing');
  await page.screenshot({ path: 'screenshots/failed-light.png' });
  await tab.getByRole('button', { name: 'Show log' }).click();
  await expect(tab.locator('.jp-sm-mod-sought')).toContainText(
    'Traceback (most recent call last)'
  );
  await tab.getByRole('button', { name: 'Run again' }).click();
  await expect(
    page.locator('.jp-sm-Row', { hasText: `${name}-` })
  ).toContainText('Failed · ValueError');
});

test('a job is stopped from the panel', async ({ page }) => {
  const sm = new SageMaker(page);
  const name = freshName('stopped');
  await sm.openNotebook('stopped.ipynb');
  await sm.openPanel();
  await sm.run(`%%sm train --name ${name}\n${countingScript(600, 0.2)}`);
  const row = sm.row(name);
  await expect(row).toContainText('Training');
  await row.hover();
  await row.getByRole('button', { name: `Stop ${name}` }).click();
  await page.screenshot({ path: 'screenshots/stop-dialog-light.png' });
  await page.getByRole('dialog').getByRole('button', { name: 'Stop' }).click();
  await expect(row).toContainText('Stopped', { timeout: 20_000 });
  await expect(sm.card(name)).toContainText('Stopped');

  // An ended job runs once more from its menu.
  await row.hover();
  await row.getByRole('button', { name: `More about ${name}` }).click();
  const menu = page.locator('.lm-Menu');
  await expect(
    menu.getByRole('menuitem', { name: 'Stop', exact: true })
  ).toHaveAttribute('aria-disabled', 'true');
  await page.screenshot({ path: 'screenshots/job-menu-light.png' });
  await menu.getByRole('menuitem', { name: 'Run again' }).click();
  const again = page.locator('.jp-sm-Row', { hasText: `${name}-` });
  await expect(again).toContainText('Training');
  await again.hover();
  await again.getByRole('button', { name: /^Stop / }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Stop' }).click();
  await expect(again).toContainText('Stopped', { timeout: 20_000 });
});

test('two tabs of the browser agree', async ({ page, context }) => {
  const sm = new SageMaker(page);
  const name = freshName('agree');
  await sm.openNotebook('agree.ipynb');
  await sm.openPanel();
  const other = await context.newPage();
  await other.goto(`${page.url().split('/lab')[0]}/lab/workspaces/second`);
  await other.getByRole('tab', { name: 'SageMaker' }).click();

  // A page in the background is slow to run a cell.
  await page.bringToFront();
  await sm.run(`%%sm train --name ${name}\n${countingScript(12, 0.25)}`);
  const mine = sm.row(name);
  const theirs = other.locator(`.jp-sm-Row[data-job="${name}"]`);
  await expect(theirs).toContainText('Training');
  await expect(mine).toContainText('Training');
  await expect(theirs).toContainText('Completed', { timeout: 20_000 });
  await expect(mine).toContainText('Completed');
  await other.close();
});

test('log lines that look like HTML or commands are text', async ({ page }) => {
  const sm = new SageMaker(page);
  const name = freshName('text');
  await sm.openNotebook('text.ipynb');
  await sm.openPanel();
  const html =
    '<img src=x onerror=window.hacked=1><a data-commandlinker-command=docmanager:save>go</a>';
  await sm.run(`%%sm train --name ${name}\nprint("${html}")`);
  await expect(sm.row(name)).toContainText('Completed', { timeout: 20_000 });
  const tab = await sm.openJob(name);
  await expect(tab).toContainText('<img src=x onerror');
  expect(await tab.locator('img, [data-commandlinker-command]').count()).toBe(
    0
  );
  expect(await page.evaluate('window.hacked')).toBeUndefined();
});

test('a card from elsewhere shows its snapshot and can do nothing', async ({
  page
}) => {
  const sm = new SageMaker(page);
  const name = freshName('mine');
  await sm.openNotebook('foreign.ipynb');
  await sm.run(`%%sm train --name ${name}\n${countingScript(40, 0.25)}`);
  await expect(sm.card(name)).toContainText('Training');
  await sm.run(
    [
      'from IPython.display import display',
      'import jupyter_sm as sm',
      `bundle = sm.get_job("${name}")._repr_mimebundle_()`,
      'card = bundle["application/vnd.jupyter-sm.job+json"]',
      'card["submission_id"] = "somebody-elses"',
      'card["snapshot"]["status"] = "<b>Odd</b>"',
      'display(bundle, raw=True)'
    ].join('\n')
  );
  const foreign = sm.card(name).nth(1);
  await expect(foreign).toContainText('<b>Odd</b>');
  await expect(foreign).toContainText('As it was when the cell ran.');
  expect(await foreign.getByRole('button').count()).toBe(0);
});

test('a refused call is a card, and a failed job one with what can be done', async ({
  page
}) => {
  const sm = new SageMaker(page);
  const name = freshName('fails');
  await page.notebook.createNew('errors.ipynb');
  await sm.run('import jupyter_sm as sm\nsm.train("nowhere.py")');
  const refused = page.locator('.jp-sm-ErrorCard').first();
  await expect(refused).toContainText('There is no script');
  expect(await refused.getByRole('button').count()).toBe(0);
  await sm.run('%load_ext jupyter_sm');
  await sm.run(
    `%%sm train --name ${name}\nraise ValueError("bad <b>label</b>")`
  );
  await sm.run(`sm.get_job("${name}").wait()`);
  const failed = page.locator('.jp-sm-ErrorCard').nth(1);
  await expect(failed).toContainText('bad <b>label</b>');
  await failed.getByRole('button', { name: 'Show job' }).click();
  await expect(page.locator('.jp-sm-JobTab:visible')).toContainText(name);
});

for (const theme of ['JupyterLab Light', 'JupyterLab Dark']) {
  test(`panel, card and tab in ${theme}`, async ({ page }) => {
    const shade = theme.endsWith('Dark') ? 'dark' : 'light';
    const sm = new SageMaker(page);
    const name = freshName(`theme-${shade}`);
    await page.theme.setTheme(theme);
    await sm.openNotebook(`theme-${shade}.ipynb`);
    await sm.openPanel();
    await sm.run(`%%sm train --name ${name}\n${countingScript(40, 0.2)}`);
    await expect(sm.card(name)).toContainText(/epoch [5-9]\/40/);
    await page.screenshot({ path: `screenshots/notebook-${shade}.png` });
    await sm.run(
      'import jupyter_sm as sm\nsm.train("nowhere.py", instance="ml.m5.huge")'
    );
    await expect(page.locator('.jp-sm-ErrorCard')).toBeVisible();
    await page.screenshot({ path: `screenshots/error-${shade}.png` });
    const tab = await sm.openJob(name);
    await expect(tab).toContainText('line-008');
    await page.screenshot({ path: `screenshots/job-tab-${shade}.png` });
    await tab.getByRole('tab', { name: 'Request' }).click();
    await expect(tab).toContainText('TrainingJobName');
    await page.screenshot({ path: `screenshots/request-${shade}.png` });
  });
}
