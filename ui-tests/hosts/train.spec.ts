import { expect, test } from '@playwright/test';
import type { Page } from '@playwright/test';

import { countingScript } from '../tests/helpers';
import { HostServer } from './server';

// What a browser says of us when something does not fit.
const OURS = /jupyter_sm|jupyter-sm|Unsatisfied version .* from jupyter_sm/;

let server: HostServer;
let said: string[];

async function started(app: string): Promise<void> {
  server = await HostServer.start(app);
  await expect
    .poll(() => server.isUp(), { timeout: 60_000, intervals: [200] })
    .toBe(true);
}

test.beforeEach(({ page }) => {
  said = [];
  page.on('console', message => {
    if (['warning', 'error'].includes(message.type())) {
      said.push(message.text());
    }
  });
  page.on('pageerror', error => said.push(String(error.stack)));
});

test.afterEach(async () => {
  await server.stop();
  expect(said.filter(text => OURS.test(text))).toEqual([]);
});

/** Run the cells of the notebook that is open, once the kernel runs any. */
async function runCells(page: Page, count: number): Promise<void> {
  const cells = page.locator('.jp-Notebook .jp-CodeCell');
  await expect(cells.nth(count - 1)).toBeVisible({ timeout: 60_000 });
  await expect(async () => {
    await cells.first().locator('.cm-content').click();
    await page.keyboard.press('Control+Enter');
    await expect(cells.first().locator('.jp-InputPrompt')).toHaveText(/\d/, {
      timeout: 5_000
    });
  }).toPass({ timeout: 60_000 });
  for (let n = 1; n < count; n++) {
    await cells.nth(n).locator('.cm-content').click();
    await page.keyboard.press('Control+Enter');
  }
}

function train(name: string): string[] {
  return [
    '%load_ext jupyter_sm',
    `%%sm train --name ${name}\n${countingScript(8, 0.25)}`
  ];
}

test('a job is trained in JupyterLab', async ({ page }) => {
  await started('lab');
  server.write('train.ipynb', ...train('digits'));
  await page.goto(`${server.url}/lab/tree/train.ipynb?reset`);
  await runCells(page, 2);
  const card = page.locator('.jp-sm-Card[data-job="digits"]');
  await expect(card).toContainText('Training', { timeout: 60_000 });
  await page.getByRole('tab', { name: 'SageMaker' }).click();
  const row = page.locator('.jp-sm-Row[data-job="digits"]');
  await expect(row).toContainText(/epoch \d\/8|Completed/);
  await expect(card).toContainText('Completed', { timeout: 30_000 });
  await row.getByRole('button', { name: 'digits', exact: true }).click();
  const tab = page.locator('.jp-sm-JobTab:visible');
  await expect(tab).toContainText('line-008');
  await page.screenshot({ path: 'screenshots/host-lab.png' });
});

test('a job is trained in Notebook 7', async ({ page }) => {
  await started('notebook');
  server.write('train.ipynb', ...train('digits'));
  await page.goto(`${server.url}/notebooks/train.ipynb`);
  await runCells(page, 2);
  const card = page.locator('.jp-sm-Card[data-job="digits"]');
  await expect(card).toContainText('Training', { timeout: 60_000 });
  await expect(card).toContainText('Completed', { timeout: 30_000 });
  await card.getByRole('button', { name: 'digits', exact: true }).click();
  const tab = page.locator('.jp-sm-JobTab:visible');
  await expect(tab).toContainText('line-008');
  await page.keyboard.press('Control+Shift+C');
  await page.keyboard.type('Show SageMaker jobs');
  await page.keyboard.press('Enter');
  await expect(page.locator('.jp-sm-Row[data-job="digits"]')).toBeVisible();
  await page.screenshot({ path: 'screenshots/host-notebook.png' });
});

test('without WebSockets polling carries everything', async ({ page }) => {
  await started('lab');
  await page.routeWebSocket(/.*/, socket => socket.close());
  await page.goto(`${server.url}/lab?reset`);
  await page.getByRole('tab', { name: 'SageMaker' }).click();
  await server.submit('polled', countingScript(40, 0.25));
  const row = page.locator('.jp-sm-Row[data-job="polled"]');
  await expect(row).toContainText(/epoch \d+\/40/, { timeout: 40_000 });
  await row.getByRole('button', { name: 'polled', exact: true }).click();
  const tab = page.locator('.jp-sm-JobTab:visible');
  await expect(tab).toContainText(/line-0\d\d/);
  await expect(tab).toContainText('line-040', { timeout: 40_000 });
  await expect(row).toContainText('Completed', { timeout: 40_000 });
});

test('the card outlives a reload, and a second reader sees it live', async ({
  page,
  context
}) => {
  await started('lab');
  server.write('shared.ipynb', ...train('shared'));
  const address = `${server.url}/lab/tree/shared.ipynb`;
  await page.goto(`${address}?reset`);
  await runCells(page, 2);
  const card = '.jp-sm-Card[data-job="shared"]';
  await expect(page.locator(card)).toContainText('Completed', {
    timeout: 90_000
  });
  await page.keyboard.press('Control+S');
  await expect
    .poll(() => server.read('shared.ipynb'), { timeout: 30_000 })
    .toContain('"outputs": [\n    {');
  await page.goto(address);
  const reader = await context.newPage();
  await reader.goto(address.replace('/lab/', '/lab/workspaces/reader/'));
  for (const one of [page, reader]) {
    await expect(one.locator(card)).toContainText('Completed', {
      timeout: 60_000
    });
    await expect(one.locator(card)).not.toContainText('As it was');
  }
});
