const baseConfig = require('@jupyterlab/galata/lib/playwright-config');
module.exports = {
  ...baseConfig,
  testDir: './tests',
  reporter: [['list']],
  workers: 1,
  retries: 0,
  timeout: 90_000,
  use: {
    ...baseConfig.use,
    video: 'off',
    trace: 'off',
    screenshot: 'only-on-failure',
    baseURL: 'http://127.0.0.1:8899',
    launchOptions: {
      executablePath: '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync'
      ]
    }
  },
  webServer: {
    command:
      'jupyter lab --config jupyter_server_test_config.py --ServerApp.ip=127.0.0.1 --port 8899 --allow-root --LabApp.extension_manager=readonly',
    url: 'http://127.0.0.1:8899/lab',
    timeout: 120 * 1000,
    reuseExistingServer: false,
    // What the server says is wanted when it does not start: JUPYTER_LOG=pipe
    stdout: process.env.JUPYTER_LOG ?? 'ignore',
    stderr: process.env.JUPYTER_LOG ?? 'ignore'
  }
};
