import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { dataFolder } from '@samovar/contract/data-folder';
import { Agent, fetch } from 'undici';
import { freePort } from './free-port.ts';
import { startPackageMirror } from './package-mirror.ts';
import { createTestDatabase, type TestDatabase } from './postgres.ts';

export interface TestStack {
  readonly url: string;
  /** `host:port` of the gRPC services. */
  readonly grpcAddress: string;
  /** The key of the first run. */
  readonly key: string;
  readonly data: string;
  /** Its database; not of a stack that is shared. */
  readonly store?: TestDatabase;
  stop(): Promise<void>;
}

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const readyWithinMs = 300_000;
const stopWithinMs = 30_000;

/**
 * The whole platform as one starts it (`main.ts all`): a supervisor, the three roles and the real default models.
 * Where the test asks for nothing special and a whole run of tests shares one (`sharedStackVariables`), that one.
 */
export async function startTestStack(settings: Readonly<Record<string, string>> = {}): Promise<TestStack> {
  const shared = Object.keys(settings).length === 0 ? sharedStack() : null;
  if (shared) return shared;
  const database = await createTestDatabase();
  const data = await mkdtemp(join(tmpdir(), 'samovar-stack-'));
  const [port, grpcPort] = [await freePort(), await freePort()];
  const mirror = await startPackageMirror(['smollm2-135m-instruct', 'all-minilm-l6-v2']);
  const child = spawn(process.execPath, [main, 'all', '--attached'], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      ...process.env,
      SAMOVAR_DATA: data,
      SAMOVAR_HOST: '127.0.0.1',
      SAMOVAR_PORT: String(port),
      SAMOVAR_GRPC_PORT: String(grpcPort),
      SAMOVAR_POSTGRES_URL: database.url,
      SAMOVAR_LOG_LEVEL: 'warn',
      // Engines and model sources of tests are on this machine.
      SAMOVAR_OUTBOUND_ALLOW: '127.0.0.1',
      ...mirror.settings,
      ...settings,
    },
  });
  const output = outputOf(child);
  const stop = async (): Promise<void> => {
    await endProcess(child);
    await database.end();
    await rm(data, { recursive: true, force: true });
  };
  const url = `${settings.SAMOVAR_TLS_CERT_FILE ? 'https' : 'http'}://127.0.0.1:${port}`;
  const caFile = settings.SAMOVAR_CA_FILE;
  const ask = createAsker(url, caFile ? readFileSync(caFile) : null);
  try {
    await untilReady(ask, child, output);
    const key = (await readFile(dataFolder(data).firstKey, 'utf8')).trim();
    await untilModelsAreListed(ask, key);
    await mirror.stop();
    return { url, grpcAddress: `127.0.0.1:${grpcPort}`, key, data, store: database, stop };
  } catch (error) {
    const logs = await logTails(dataFolder(data).logs);
    await mirror.stop();
    await stop();
    throw new Error(`The stack did not start\n${logs}`, { cause: error });
  }
}

/** What tells test processes of a stack that all of them may use. */
export function sharedStackVariables(stack: TestStack): Readonly<Record<string, string>> {
  return {
    SAMOVAR_TEST_STACK_URL: stack.url,
    SAMOVAR_TEST_STACK_GRPC: stack.grpcAddress,
    SAMOVAR_TEST_STACK_KEY: stack.key,
    SAMOVAR_TEST_STACK_DATA: stack.data,
  };
}

function sharedStack(): TestStack | null {
  const {
    SAMOVAR_TEST_STACK_URL: url,
    SAMOVAR_TEST_STACK_GRPC: grpcAddress,
    SAMOVAR_TEST_STACK_KEY: key,
    SAMOVAR_TEST_STACK_DATA: data,
  } = process.env;
  return url && key
    ? { url, grpcAddress: grpcAddress ?? '', key, data: data ?? '', stop: async () => {} }
    : null;
}

async function untilReady(ask: Ask, child: ChildProcess, output: () => string): Promise<void> {
  const deadline = Date.now() + readyWithinMs;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`The stack ended with ${child.exitCode}: ${output()}`);
    if (await ask('/readyz')) return;
    await wait(200);
  }
  throw new Error(`The stack was not ready in time: ${output()}`);
}

/** The models of a fresh installation are imported by a job. */
async function untilModelsAreListed(ask: Ask, key: string): Promise<void> {
  const deadline = Date.now() + readyWithinMs;
  const headers = { authorization: `Bearer ${key}` };
  while (Date.now() < deadline) {
    const [chat, embedding] = await Promise.all(
      ['chat-default', 'embedding-default'].map((alias) => ask(`/v1/models/${alias}`, headers)),
    );
    if (chat && embedding) return;
    await wait(500);
  }
  throw new Error('The default models were not imported in time');
}

/** Whether a path is answered well. */
type Ask = (path: string, headers?: Record<string, string>) => Promise<boolean>;

function createAsker(url: string, ca: Buffer | null): Ask {
  const dispatcher = new Agent(ca === null ? {} : { connect: { ca } });
  return async (path, headers = {}) => {
    try {
      const response = await fetch(url + path, { headers, dispatcher });
      await response.arrayBuffer();
      return response.ok;
    } catch {
      // Nothing listens yet.
      return false;
    }
  };
}

/** The last lines of each process, before the folder is gone. */
async function logTails(folder: string): Promise<string> {
  const names = await readdir(folder).catch(() => []);
  const tails = names.map(
    async (name) => `${name}: ${(await readFile(join(folder, name), 'utf8')).slice(-1500)}`,
  );
  return (await Promise.all(tails)).join('\n');
}

function outputOf(child: ChildProcess): () => string {
  let text = '';
  const keep = (chunk: Buffer) => {
    text = `${text}${chunk.toString('utf8')}`.slice(-4000);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  return () => text;
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
  await ended;
  clearTimeout(timer);
}
