import { expect, test } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

import { SageMaker, freshName } from './helpers';

/** The numbers of the lines that can be seen, from top to bottom; NaN for one that is blank. */
async function linesInView(tab: Locator): Promise<number[]> {
  return tab.locator('.jp-sm-Rows').evaluate(list => {
    const box = list.getBoundingClientRect();
    return [...list.querySelectorAll('.jp-sm-Rows-row')]
      .filter(row => {
        const { top, bottom } = row.getBoundingClientRect();
        return bottom > box.top + 1 && top < box.bottom - 1;
      })
      .map(row => Number(/line (\d+)/.exec(row.textContent ?? '')?.[1]));
  });
}

/** How much of the list's height is covered by rows. */
async function covered(tab: Locator): Promise<number> {
  return tab.locator('.jp-sm-Rows').evaluate(list => {
    const box = list.getBoundingClientRect();
    const rows = [...list.querySelectorAll('.jp-sm-Rows-row')].map(row =>
      row.getBoundingClientRect()
    );
    const top = Math.max(box.top, Math.min(...rows.map(row => row.top)));
    const bottom = Math.min(
      box.bottom,
      Math.max(...rows.map(row => row.bottom))
    );
    return (bottom - top) / box.height;
  });
}

function isRun(numbers: number[]): boolean {
  return numbers.every((n, index) => n === numbers[0] + index);
}

test('a log of a million lines scrolls without blank rows', async ({
  page
}) => {
  const sm = new SageMaker(page);
  await sm.openPanel();
  const tab = await sm.openJob('million');
  const list = tab.locator('.jp-sm-Rows');
  await expect(tab).toContainText('line 0999999');
  await page.screenshot({ path: 'screenshots/log-million-light.png' });

  // Up by the wheel: every line in turn, and none is blank.
  await list.hover();
  for (let turn = 0; turn < 60; turn++) {
    await page.mouse.wheel(0, -120 - (turn % 5) * 60);
    const seen = await linesInView(tab);
    expect(seen.length).toBeGreaterThan(5);
    expect(isRun(seen)).toBe(true);
    expect(await covered(tab)).toBeGreaterThan(0.99);
  }
  const after = (await linesInView(tab))[0];
  expect(after).toBeLessThan(999_500);
  expect(after).toBeGreaterThan(997_000);

  // A jump to anywhere: rows are there as soon as they were fetched, and until then the old ones.
  for (const share of [0.5, 0.25, 0.9, 0.1]) {
    await list.evaluate((node, at) => {
      node.scrollTop = at * (node.scrollHeight - node.clientHeight);
    }, share);
    expect(await covered(tab)).toBeGreaterThan(0.99);
    await expect
      .poll(async () => Math.abs((await linesInView(tab))[0] - share * 1e6))
      .toBeLessThan(2000);
    expect(isRun(await linesInView(tab))).toBe(true);
  }

  // The keyboard: a page on is a page on, however long the log is.
  await list.focus();
  const before = await linesInView(tab);
  await page.keyboard.press('PageDown');
  await expect
    .poll(async () => (await linesInView(tab))[0])
    .toBeGreaterThan(before[0] + before.length / 2);
  expect((await linesInView(tab))[0]).toBeLessThanOrEqual(
    before[before.length - 1]
  );
  await page.keyboard.press('Home');
  await expect(tab).toContainText('▸ 10 platform lines');
  await page.keyboard.press('End');
  await expect(tab).toContainText('line 0999999');
});

test('a search leads from find to find, and severity filters', async ({
  page
}) => {
  const sm = new SageMaker(page);
  await sm.openPanel();
  const tab = await sm.openJob('million');
  const search = tab.getByRole('searchbox');
  await search.fill('line 05432');
  await expect(tab).toContainText('100/100');
  await expect(tab.locator('.jp-sm-mod-sought')).toContainText('line 0543299');
  await search.press('Enter');
  await expect(tab.locator('.jp-sm-mod-sought')).toContainText('line 0543200');
  await expect(tab).toContainText('1/100');
  await tab.getByRole('button', { name: 'Previous find' }).click();
  await expect(tab.locator('.jp-sm-mod-sought mark')).toHaveText('line 05432');
  await page.screenshot({ path: 'screenshots/log-search-light.png' });

  await tab.getByRole('button', { name: 'Regular expression' }).click();
  await search.fill('line 00000(03|77) ');
  // An expression may take seconds where the machine is busy.
  await expect(tab).toContainText('2/2', { timeout: 15_000 });
  // The find before lies in the folded platform lines, which open for it.
  await search.press('Enter');
  await expect(tab.locator('.jp-sm-mod-sought')).toContainText('line 0000003');
  await search.fill('(');
  await expect(tab).toContainText("can't be read");
  await search.fill('');

  // Another filter keeps the place: the first warnings stand near the entry looked at.
  await tab.getByLabel('Severity').selectOption('warning');
  await expect(tab).toContainText('line 0000099');
  const seen = await linesInView(tab);
  expect(seen.every(number => number % 100 === 99)).toBe(true);
  await tab.getByRole('button', { name: 'Follow' }).click();
  await expect(tab).toContainText('line 0999999');
});

test('a log that is a mix reads well, in light and dark', async ({ page }) => {
  const sm = new SageMaker(page);
  const name = freshName('mix');
  await sm.openNotebook('mix.ipynb');
  await sm.openPanel();
  await sm.run(
    [
      `%%sm train --name ${name}`,
      // Each on a line of its own: the editor would indent what follows a block.
      'import sys, time',
      'for n in range(4): print(f"2026-01-01 10:00:0{n},000 sagemaker-training-toolkit INFO     Step {n}")',
      'print("\\x1b[32mready\\x1b[0m to train", "x" * 400)',
      'bar = lambda n: f"\\rtrain: {n}%|{n // 5 * chr(61):<20}| {n}/100 [00:01<00:01, 50.0it/s]"',
      'for n in range(0, 101, 5): print(bar(n), end="", file=sys.stderr, flush=True); time.sleep(0.02)',
      'print(file=sys.stderr)',
      'print("WARNING: the learning rate is high")',
      'print("epoch 1 loss: 0.5")',
      'def fit(): raise ValueError("labels are missing")',
      'fit()'
    ].join('\n')
  );
  await expect(sm.row(name)).toContainText('Failed', { timeout: 30_000 });
  const tab = await sm.openJob(name);
  await tab.getByRole('tab', { name: 'Log' }).click();
  await expect(tab).toContainText('platform lines');
  await expect(tab.locator('.jp-sm-ansi-green')).toHaveText('ready');
  const traceback = tab.locator('.jp-sm-Log-line', { hasText: 'Traceback' });
  await expect(traceback).toContainText('ValueError: labels are missing');
  await page.screenshot({ path: 'screenshots/log-mix-light.png' });
  await traceback.getByRole('button', { name: 'Fold traceback' }).click();
  await expect(
    tab.locator('.jp-sm-Log-line', { hasText: 'ValueError' })
  ).not.toContainText('Traceback');
  await tab
    .getByRole('button', { name: /platform lines/ })
    .first()
    .click();
  await expect(tab).toContainText('Step 2');
  await page.theme.setDarkTheme();
  await page.screenshot({ path: 'screenshots/log-mix-dark.png' });
  await tab.getByRole('button', { name: 'Elapsed' }).click();
  await expect(tab.locator('time').first()).toHaveText(/^\d+ s$/);
});

test('jobs are compared: curves over each other, a table below', async ({
  page
}) => {
  const sm = new SageMaker(page);
  await sm.openNotebook('compare.ipynb');
  await sm.openPanel();
  const names = [freshName('slow'), freshName('fast')];
  for (const [index, name] of names.entries()) {
    await sm.run(
      [
        `%%sm train --name ${name} --epochs 8 --rate 0.${index + 1}`,
        `for n in range(1, 9): print(f"epoch {n}/8 loss: {1 / n / ${index + 1}:.4f} accuracy: {1 - 1 / n:.4f}")`
      ].join('\n')
    );
    await expect(sm.row(name)).toContainText('Completed', { timeout: 30_000 });
  }
  const tab = await sm.openJob(names[0]);
  await tab.getByRole('tab', { name: 'Metrics' }).click();
  await tab.getByLabel('Compare with').selectOption({ label: names[1] });
  const table = tab.locator('.jp-sm-Compare');
  await expect(table.locator('tr', { hasText: 'rate' })).toContainText(
    '0.10.2'
  );
  await expect(table.locator('tr', { hasText: 'loss' })).toContainText(
    '0.1250.0625'
  );
  await expect(
    tab.locator('.jp-sm-Chart', { hasText: 'loss' }).locator('.u-legend')
  ).toContainText(names[1]);
  await page.screenshot({ path: 'screenshots/compare-light.png' });
  await page.theme.setDarkTheme();
  await page.screenshot({ path: 'screenshots/compare-dark.png' });
  await tab.getByRole('button', { name: `Leave out ${names[1]}` }).click();
  await expect(table).toHaveCount(0);
});

test("a traceback leads to the user's own line", async ({ page, tmpPath }) => {
  const sm = new SageMaker(page);
  const name = freshName('own');
  await page.contents.uploadContent(
    'print("epoch 1 loss: 0.5")\n\n\ndef fit():\n    raise ValueError("no labels")\n\n\nfit()\n',
    'text',
    `${tmpPath}/own.py`
  );
  await sm.openNotebook('own.ipynb');
  await sm.openPanel();
  await sm.run(`%sm train own.py --name ${name}`);
  await expect(sm.row(name)).toContainText('Failed', { timeout: 30_000 });
  const tab = await sm.openJob(name);
  await tab.getByRole('tab', { name: 'Log' }).click();
  await tab.getByRole('button', { name: 'own.py:5' }).click();
  await expect(page.locator('.jp-FileEditor:visible')).toContainText(
    'raise ValueError'
  );
  await expect(page.locator('#jp-main-statusbar')).toContainText('Ln 5');
});
