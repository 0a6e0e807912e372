import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { dataFolder } from '@samovar/contract/data-folder';
import { findLlamaServer } from '../../../server/src/engines/llama-server/llama-server-binary.ts';
import { benchModel, type EngineSize, type RunningEngine } from './model-worker.ts';
import { getJson } from './stream-answer.ts';

/**
 * Starts a bare llama-server on the same model with the same size. The binary is the one that
 * `samovar engines build llama-server` made in the data folder, or the one that SAMOVAR_LLAMA_SERVER names. It listens on
 * a Unix socket, or on this port.
 */
export async function startLlamaServer(size: EngineSize, port?: number): Promise<RunningEngine> {
  const binary = await llamaServerBinary();
  const { files } = await benchModel();
  const model = Object.entries(files).find(([name]) => name.endsWith('.gguf'))?.[1];
  if (model === undefined) throw new Error('the benchmark model has no GGUF file');
  const folder = await mkdtemp(join(tmpdir(), 'samovar-bench-'));
  const socketPath = join(folder, 'server.sock');
  const listen =
    port === undefined ? ['--host', socketPath] : ['--host', '127.0.0.1', '--port', String(port)];
  const context = String(size.contextTokens * size.parallelSequences);
  const threads = String(size.threads);
  const server = spawn(
    binary,
    ['-m', model, '-c', context, '-np', String(size.parallelSequences), '-t', threads, '-tb', threads].concat(
      [...listen, '-fa', 'on', '--no-webui', '-lv', '1'],
    ),
    { stdio: ['ignore', 'ignore', 'ignore'] },
  );
  const place = port === undefined ? { socketPath } : { port };
  const endpoint = { ...place, path: '/v1/completions', headers: {} };
  for (let status = ''; status !== 'ok'; ) {
    if (server.exitCode !== null) throw new Error(`llama-server ended with ${server.exitCode}`);
    await pause(50);
    status = (await getJson<{ status?: string }>(endpoint, '/health').catch(() => null))?.status ?? '';
  }
  return {
    endpoint,
    async stop() {
      const ended = once(server, 'exit');
      server.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function llamaServerBinary(): Promise<string> {
  const named = process.env.SAMOVAR_LLAMA_SERVER;
  if (named) return named;
  const built = await findLlamaServer(dataFolder(process.env.SAMOVAR_DATA ?? '/var/lib/samovar').engines);
  if (built !== null) return built;
  throw new Error(
    'There is no llama-server to compare with: build it with `samovar engines build llama-server`.',
  );
}
