import { spawn } from 'child_process';
import type { ChildProcess } from 'child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'fs';
import { createServer } from 'net';
import type { AddressInfo } from 'net';
import { tmpdir } from 'os';
import { join } from 'path';

/** A Jupyter server as it stands in a Studio space: a base_url, and an empty token. */
export class HostServer {
  /** Start one; `app` is `lab` or `notebook`. */
  static async start(app: string): Promise<HostServer> {
    const server = new HostServer(await freePort());
    server._process = spawn(
      'jupyter',
      [
        app,
        '--allow-root',
        '--no-browser',
        '--ServerApp.ip=127.0.0.1',
        `--ServerApp.port=${server._port}`,
        '--ServerApp.port_retries=0',
        '--ServerApp.base_url=/jupyterlab/default',
        '--IdentityProvider.token=',
        '--ServerApp.disable_check_xsrf=True',
        `--ServerApp.root_dir=${server.root}`
      ],
      {
        cwd: server.root,
        env: {
          ...process.env,
          HOME: server.home,
          JUPYTER_SM_HOME: join(server.home, 'jobs')
        },
        stdio: process.env.JUPYTER_LOG ? 'inherit' : 'ignore'
      }
    );
    return server;
  }

  constructor(private _port: number) {
    this.home = mkdtempSync(join(tmpdir(), 'jupyter-sm-host-'));
    this.root = join(this.home, 'work');
    mkdirSync(this.root);
  }

  readonly home: string;
  readonly root: string;

  get url(): string {
    return `http://127.0.0.1:${this._port}/jupyterlab/default`;
  }

  /** Whether it answers. */
  async isUp(): Promise<boolean> {
    return fetch(`${this.url}/api/status`).then(
      answer => answer.ok,
      () => false
    );
  }

  /** Write a notebook of code cells. */
  write(name: string, ...cells: string[]): void {
    const notebook = {
      cells: cells.map((source, n) => ({
        cell_type: 'code',
        execution_count: null,
        id: `cell-${n}`,
        metadata: {},
        outputs: [],
        source
      })),
      metadata: {
        kernelspec: {
          display_name: 'Python 3',
          language: 'python',
          name: 'python3'
        }
      },
      nbformat: 4,
      nbformat_minor: 5
    };
    writeFileSync(join(this.root, name), JSON.stringify(notebook));
  }

  /** The text of a file in the root folder. */
  read(name: string): string {
    return readFileSync(join(this.root, name), 'utf8');
  }

  /** Submit a script over REST. */
  async submit(name: string, script: string): Promise<void> {
    const path = join(this.root, `${name}.py`);
    writeFileSync(path, script);
    const answer = await fetch(`${this.url}/jupyter-sm/api/jobs`, {
      method: 'POST',
      body: JSON.stringify({ spec: { script: path }, name })
    });
    if (answer.status !== 202) {
      throw new Error(await answer.text());
    }
  }

  /** End it; one that hangs in a thread of its own is not waited for long. */
  async stop(): Promise<void> {
    const ended = new Promise(resolve => this._process?.on('exit', resolve));
    this._process?.kill('SIGTERM');
    const hangs = setTimeout(() => this._process?.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(hangs);
  }

  private _process: ChildProcess | undefined;
}

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
