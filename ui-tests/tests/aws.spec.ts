import { expect, test } from '@jupyterlab/galata';

import { SageMaker, freshName } from './helpers';

const TARGET = 'default@us-east-1';

test('a job on AWS goes its way, and its page says what was decided', async ({
  page
}) => {
  const sm = new SageMaker(page);
  const name = freshName('cloud');
  await sm.openNotebook('cloud.ipynb');
  await sm.openPanel();
  await sm.run(
    `%%sm train --name ${name} --target ${TARGET} --create-bucket\nimport torch`
  );
  const card = sm.card(name);
  await expect(card).toContainText(TARGET);
  await expect(card).toContainText(/Starting|Training|Downloading/, {
    timeout: 30_000
  });
  const tab = await sm.openJob(name);
  await expect(tab.getByRole('log')).toContainText('epoch 2/24', {
    timeout: 60_000
  });
  await page.screenshot({ path: 'screenshots/aws-running-light.png' });
  await expect(tab).toContainText('Completed', { timeout: 60_000 });
  await tab.getByRole('tab', { name: 'Metrics' }).click();
  await expect(tab.getByRole('figure', { name: 'loss' })).toBeVisible();
  await expect(tab.locator('canvas')).toHaveCount(2);
  await page.screenshot({ path: 'screenshots/metrics-light.png' });
  await tab.getByRole('tab', { name: 'Request' }).click();
  await expect(tab).toContainText('Role SimulatedRole, from config.toml.');
  await expect(tab).toContainText('as it imports torch');
  await expect(tab).toContainText('s3://sagemaker-us-east-1-');
  await page.screenshot({ path: 'screenshots/aws-request-light.png' });
  await page.theme.setDarkTheme();
  await page.screenshot({ path: 'screenshots/aws-request-dark.png' });
  await tab.getByRole('tab', { name: 'Metrics' }).click();
  await expect(tab.locator('canvas')).toHaveCount(2);
  await page.screenshot({ path: 'screenshots/metrics-dark.png' });
});

test('what can not be known before is refused in words on the card', async ({
  page
}) => {
  const sm = new SageMaker(page);
  const name = freshName('refused');
  await sm.openNotebook('refused.ipynb');
  await sm.openPanel();
  await sm.run(
    `%%sm train --name ${name} --target ${TARGET} --output s3://nobody-has-this/x\nprint(1)`
  );
  const card = sm.card(name);
  await expect(card).toContainText('Rejected', { timeout: 30_000 });
  await expect(card).toContainText("There is no bucket 'nobody-has-this'");
  await expect(card.getByRole('button', { name: 'Show error' })).toBeVisible();
  await page.screenshot({ path: 'screenshots/card-refused-light.png' });
  await page.getByRole('combobox', { name: 'Target' }).selectOption('local');
  await expect(sm.row(name)).toHaveCount(0);
  await page.getByRole('combobox', { name: 'Target' }).selectOption(TARGET);
  await expect(sm.row(name)).toBeVisible();
  await page.theme.setDarkTheme();
  await card.getByRole('button', { name: 'Show error' }).click();
  await page.screenshot({ path: 'screenshots/error-dark.png' });
});
