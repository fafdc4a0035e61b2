import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { heddle, repository } from './environment';

export interface Server {
  url: string;
  data: string;
  stop(): Promise<void>;
  /** Ends at once, as in a crash. */
  kill(): Promise<void>;
  /** Starts again with the same data, at the same address. */
  start(): Promise<void>;
  remove(): void;
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });
}

// The program has the editor in it; $HEDDLE_FRONTEND names a newer build, for whoever works on it.
const served = process.env.HEDDLE_FRONTEND ? ['--frontend', process.env.HEDDLE_FRONTEND] : [];

/** The program with a data folder of its own, on a free loopback port. */
export async function startServer(...flags: string[]): Promise<Server> {
  const data = mkdtempSync(join(tmpdir(), 'heddle-e2e-'));
  let child: ChildProcess;
  const server: Server = {
    url: '',
    data,
    async start() {
      const port = server.url ? new URL(server.url).port : '0';
      child = spawn(heddle, ['serve', '--port', port, '--data', data, ...(flags.includes('--no-frontend') ? [] : served), ...flags], {
        cwd: repository,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let said = '';
      server.url = await new Promise<string>((resolve, reject) => {
        const listen = (chunk: Buffer): void => {
          said += chunk.toString();
          const ready = /ready at (http:\/\/\S+)/.exec(said);
          if (ready) resolve(ready[1] ?? '');
        };
        child.stdout?.on('data', listen);
        child.stderr?.on('data', listen);
        child.once('exit', (code) => reject(new Error(`heddle serve ended with ${code}: ${said}`)));
      });
    },
    async stop() {
      child.kill('SIGTERM');
      await ended(child);
    },
    async kill() {
      child.kill('SIGKILL');
      await ended(child);
    },
    remove() {
      rmSync(data, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}
