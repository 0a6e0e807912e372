import { type ChildProcess, spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { identityOf } from '@samovar/contract/process-identity';
import { type WorkerMessage, type WorkerStart, workerStartVariable } from '@samovar/contract/worker-protocol';
import type { Log } from '../../kernel/ports/log.ts';
import type { RunningWorker, WorkerExit, WorkerRunner } from '../../kernel/ports/worker-runner.ts';
import { endProcess } from '../process/end-process.ts';
import { createHealthClient } from './ask-health.ts';
import { addressOf, type WorkerAddress } from './worker-address.ts';

export interface WorkerRunnerOptions {
  /** The script that a worker process runs. */
  readonly entry: string;
  /** Folder for Unix sockets. */
  readonly runFolder: string;
  /** `unix`, or the address of this machine that others reach. */
  readonly workerListen: string;
  readonly workerToken: string;
  /** What workers may see of the environment; no secrets. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where the lines go that workers log. */
  readonly output: 'inherit' | 'ignore';
  readonly log: Log;
}

const lastWordsLength = 800;
const lastWordsMs = 500;
const orphanGraceMs = 2_000;

/** Model workers as child processes. They end by themselves when this process does: the channel between them breaks. */
export function createWorkerRunner(options: WorkerRunnerOptions): WorkerRunner {
  return {
    async start(spec, hear = () => undefined) {
      const address = await addressOf(spec.start.workerId, options);
      const workerToken = address.socketPath === null ? options.workerToken : null;
      const start: WorkerStart = { ...spec.start, listen: address.listen, workerToken };
      const child = spawn(process.execPath, [options.entry], {
        // A group of its own: Ctrl-C in the terminal reaches the host alone, which drains its workers.
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        env: { ...options.environment, ...spec.environment, [workerStartVariable]: JSON.stringify(start) },
      });
      tellLines(child.stdout, hear, options.output === 'inherit' ? process.stdout : null);
      tellLines(child.stderr, hear, null);
      return await running(child, address, options);
    },
    async endOrphan(identity) {
      if (!(await endProcess(identity, orphanGraceMs)))
        options.log.error(
          { workerPid: identity.pid },
          'a model worker of an earlier host could not be ended',
        );
    },
  };
}

/** Longer ones are told in parts: nothing grows with what a worker writes. */
const longestLine = 16_384;

/** Tells each line, and writes all on as it comes. */
function tellLines(
  stream: Readable | null,
  hear: (line: string) => void,
  through: NodeJS.WritableStream | null,
): void {
  if (stream === null) return;
  stream.setEncoding('utf8');
  let rest = '';
  stream.on('data', (text: string) => {
    through?.write(text);
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) hear(line);
    for (; rest.length > longestLine; rest = rest.slice(longestLine)) hear(rest.slice(0, longestLine));
  });
  stream.once('end', () => {
    if (rest !== '') hear(rest);
  });
  // A worker that was killed may leave a broken pipe behind; its exit tells of that.
  stream.on('error', () => undefined);
}

async function running(
  child: ChildProcess,
  address: WorkerAddress,
  options: WorkerRunnerOptions,
): Promise<RunningWorker> {
  const exited = exitOf(child, address, options);
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('spawn', () => resolve(child.pid ?? 0));
    child.once('error', reject);
  });
  const health = createHealthClient(address);
  void exited.then(() => health.close());
  return {
    identity: identityOf(pid) ?? { pid, startedAt: '' },
    address: address.address,
    exited,
    health: () => health.ask(),
    drain(graceMs) {
      const message: WorkerMessage = { kind: 'drain', graceMs };
      if (child.connected) child.send(message, () => undefined);
    },
    kill() {
      child.kill('SIGKILL');
    },
  };
}

function exitOf(
  child: ChildProcess,
  address: WorkerAddress,
  options: WorkerRunnerOptions,
): Promise<WorkerExit> {
  let lastWords = '';
  child.stderr?.setEncoding('utf8');
  child.stderr?.on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-lastWordsLength);
    if (options.output === 'inherit') process.stderr.write(text);
  });
  return new Promise((resolve) => {
    let over = false;
    const finish = (code: number | null, signal: NodeJS.Signals | null) => {
      if (over) return;
      over = true;
      const ended = () => resolve({ code, signal, lastWords });
      if (address.socketPath === null) return ended();
      rm(address.socketPath, { force: true }).then(ended, (error: unknown) => {
        options.log.warn({ error, path: address.socketPath }, 'a socket could not be removed');
        ended();
      });
    };
    child.once('close', finish);
    // What a worker started may outlive it and hold its error output open: its end is known all the same.
    child.once('exit', (code, signal) => setTimeout(finish, lastWordsMs, code, signal));
  });
}
