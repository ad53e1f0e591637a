import { spawn } from 'child_process';
import type { ChildProcess } from 'child_process';
import { mkdtempSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';

import { expect, test } from '@playwright/test';

const PORT = 8898;
const URL = `http://127.0.0.1:${PORT}`;
const LINES = 60;

/** A server of this test's own, which it may kill. */
function startServer(home: string): ChildProcess {
  return spawn(
    'jupyter',
    [
      'lab',
      '--config',
      join(__dirname, '..', 'jupyter_server_test_config.py'),
      '--ServerApp.ip=127.0.0.1',
      `--port=${PORT}`,
      '--ServerApp.port_retries=0',
      '--allow-root',
      '--LabApp.extension_manager=readonly'
    ],
    { env: { ...process.env, JUPYTER_SM_HOME: home }, stdio: 'ignore' }
  );
}

async function untilUp(): Promise<void> {
  await expect
    .poll(
      () =>
        fetch(`${URL}/api/status`).then(
          r => r.ok,
          () => false
        ),
      {
        timeout: 60_000
      }
    )
    .toBe(true);
}

test('a server killed in the middle of a job: same job, whole log, no line twice', async ({
  page
}) => {
  const home = mkdtempSync(join(tmpdir(), 'jupyter-sm-restart-'));
  const script = join(home, 'train.py');
  writeFileSync(
    script,
    [
      'import time',
      `for n in range(${LINES}):`,
      '    print(f"line-{n:03d}", flush=True)',
      '    time.sleep(0.25)'
    ].join('\n')
  );
  let server = startServer(home);
  try {
    await untilUp();
    const answer = await fetch(`${URL}/jupyter-sm/api/jobs`, {
      method: 'POST',
      body: JSON.stringify({ spec: { script }, name: 'survivor' })
    });
    expect(answer.status).toBe(202);
    await page.goto(`${URL}/lab?reset`);
    await page.getByRole('tab', { name: 'SageMaker' }).click();
    await page.getByRole('button', { name: 'survivor', exact: true }).click();
    const tab = page.locator('.jp-sm-JobTab');
    await expect(tab).toContainText('line-010');

    server.kill('SIGKILL');
    const panel = page.locator('.jp-sm-Panel');
    await expect(panel).toContainText('does not answer', { timeout: 20_000 });
    await expect(panel).toContainText('survivor');
    await page.screenshot({ path: 'screenshots/server-gone-light.png' });
    server = startServer(home);
    await untilUp();

    await expect(tab).toContainText(`line-0${LINES - 1}`, { timeout: 60_000 });
    await expect(tab.locator('.jp-sm-Job-state')).toHaveText('Completed', {
      timeout: 20_000
    });
    await expect(panel).not.toContainText('does not answer');
    const whole = Array.from(
      { length: LINES },
      (_, n) => `line-${String(n).padStart(3, '0')}`
    );
    // The list draws what is in view; the file has all of it.
    const seen = await tab.locator('.jp-sm-Log-text').allTextContents();
    expect(seen.length).toBeGreaterThan(10);
    expect(seen).toEqual(whole.slice(-seen.length));
    const log = await fetch(
      `${URL}/jupyter-sm/api/jobs/local/training/survivor/log`
    );
    expect((await log.text()).trimEnd().split('\n')).toEqual(whole);
    await expect(page.locator('.jp-sm-Row')).toHaveCount(1);
  } finally {
    server.kill('SIGKILL');
  }
});
