import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { WorkerAdapter, WorkerStart } from '@samovar/contract/worker-protocol';
import type { Log } from '../../kernel/ports/log.ts';
import { type CompletionClient, createCompletionClient } from './completion-client.ts';
import { serverArguments } from './server-arguments.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';

/** A llama-server that answers. */
export interface OpenedServer {
  readonly server: ServerProcess;
  readonly client: CompletionClient;
  /** Ends it and leaves nothing behind. */
  end(): Promise<void>;
}

/** It ended before it answered. */
export class ServerEnded extends Error {
  readonly lastLines: readonly string[];

  constructor(how: string, lastLines: readonly string[]) {
    super(how);
    this.lastLines = lastLines;
  }
}

/** Starts llama-server and waits until it answers. Throws `ServerEnded` when it ends before. */
export async function openServer(
  start: WorkerStart,
  options: {
    readonly modelPath: string;
    readonly chunkTokens: number;
    readonly adapters: readonly WorkerAdapter[];
    readonly log: Log;
    readonly signal: AbortSignal;
  },
): Promise<OpenedServer> {
  const { engineProgram } = start;
  if (engineProgram === undefined) throw new Error('the worker was not told where llama-server is');
  const { modelPath, chunkTokens, adapters, log, signal } = options;
  const folder = await mkdtemp(join(tmpdir(), 'samovar-engine-'));
  const socketPath = join(folder, 'llama-server.sock');
  const server = startServerProcess(
    engineProgram,
    serverArguments({
      ...start,
      modelPath,
      socketPath,
      chunkTokens,
      adapters,
      kvCache: start.kvCache ?? 'f16',
    }),
    log,
  );
  const client = createCompletionClient(socketPath);
  const end = async () => {
    await client.close();
    server.kill();
    await server.ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await untilHealthy(client, server, signal);
    return { server, client, end };
  } catch (error) {
    await end();
    throw error;
  }
}

async function untilHealthy(
  client: CompletionClient,
  server: ServerProcess,
  signal: AbortSignal,
): Promise<void> {
  let ended: string | null = null;
  void server.ended.then((how) => {
    ended = how;
  });
  for (;;) {
    signal.throwIfAborted();
    if (ended !== null) throw new ServerEnded(ended, server.lastLines);
    // Until it listens the connection is refused.
    if (await client.healthy().catch(() => false)) return;
    await pause(50);
  }
}
