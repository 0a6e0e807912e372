import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setInterval as every } from 'node:timers/promises';
import { SamovarError } from '../../kernel/errors.ts';
import type { ModelInspector } from '../../kernel/ports/model-inspector.ts';
import type { InspectionAnswer, InspectionOrder } from './inspection-messages.ts';

export interface ModelInspectorOptions {
  /** The script of the inspecting process. */
  readonly entry: string;
  /** Folders that it may read beside the files: its own code. */
  readonly codeFolders: readonly string[];
  /** What it may see of the environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Resident memory that it may take; 1 GiB unless told. */
  readonly memoryBytes?: number;
  /** Time that looking may take; a minute unless told. Unpacking may take as long as it goes on. */
  readonly timeLimitMs?: number;
}

const defaultMemoryBytes = 1024 * 1024 * 1024;
const defaultTimeLimitMs = 60_000;
const unpackLimitMs = 6 * 3_600_000;
const mostAnswerBytes = 16 * 1024 * 1024;
const memoryCheckMs = 100;

/**
 * Looks at model files in a child process for each call: it may read those files and its own code and nothing else,
 * start no program, load no native code, and write only where an archive is unpacked. One that takes too long, grows
 * too large or dies is ended, and the files are `model.refused` for it.
 */
export function createModelInspector(options: ModelInspectorOptions): ModelInspector {
  return {
    async inspect(folder, paths, signal) {
      const order: InspectionOrder = { kind: 'inspect', folder, paths };
      const permissions = [`--allow-fs-read=${folder}`];
      const answer = await ask(options, order, {
        permissions,
        limitMs: options.timeLimitMs ?? defaultTimeLimitMs,
        signal,
      });
      if (answer.kind !== 'inspected') throw new Error(`the inspecting process answered ${answer.kind}`);
      return answer.inspection;
    },
    async unpack({ archive, name, target, totalBytes }, signal) {
      const order: InspectionOrder = { kind: 'unpack', archive, name, target, totalBytes };
      const permissions = [
        `--allow-fs-read=${archive}`,
        `--allow-fs-read=${target}`,
        `--allow-fs-write=${target}`,
      ];
      const answer = await ask(options, order, { permissions, limitMs: unpackLimitMs, signal });
      if (answer.kind !== 'unpacked') throw new Error(`the inspecting process answered ${answer.kind}`);
      return answer.paths;
    },
  };
}

interface Asking {
  readonly permissions: readonly string[];
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

async function ask(
  options: ModelInspectorOptions,
  order: InspectionOrder,
  { permissions, limitMs, signal }: Asking,
): Promise<InspectionAnswer> {
  signal.throwIfAborted();
  const memoryBytes = options.memoryBytes ?? defaultMemoryBytes;
  const heapMegabytes = Math.max(64, Math.floor((memoryBytes * 0.75) / 2 ** 20));
  const child = spawn(
    process.execPath,
    [
      '--permission',
      ...options.codeFolders.map((folder) => `--allow-fs-read=${folder}`),
      ...permissions,
      `--max-old-space-size=${heapMegabytes}`,
      '--disable-warning=ExperimentalWarning',
      '--disable-warning=SecurityWarning',
      options.entry,
    ],
    // A group of its own: Ctrl-C in the terminal reaches who asked, and it decides.
    { detached: true, stdio: ['pipe', 'pipe', 'ignore'], env: { ...options.environment } },
  );
  const watch = watchChild(child, { memoryBytes, limitMs, signal });
  child.stdin.on('error', () => undefined);
  child.stdin.end(`${JSON.stringify(order)}\n`);
  try {
    const text = await watch.output;
    signal.throwIfAborted();
    return answerOf(text, watch.fault());
  } finally {
    watch.end();
  }
}

function answerOf(text: string, fault: string | null): InspectionAnswer {
  if (fault !== null) throw refused(fault);
  let answer: InspectionAnswer;
  try {
    answer = JSON.parse(text) as InspectionAnswer;
  } catch (error) {
    throw refused('the process that looked at them died of them', error);
  }
  if (answer.kind === 'refused') throw refused(answer.reason);
  if (answer.kind === 'failed')
    throw Object.assign(new Error(`model files could not be looked at: ${answer.message}`), {
      ...(answer.code === null ? {} : { code: answer.code }),
    });
  return answer;
}

interface Watch {
  /** What it wrote, once it has ended. */
  readonly output: Promise<string>;
  /** Why it was ended; `null` when it ended by itself. */
  fault(): string | null;
  end(): void;
}

function watchChild(
  child: ChildProcess,
  limits: { readonly memoryBytes: number; readonly limitMs: number; readonly signal: AbortSignal },
): Watch {
  let fault: string | null = null;
  const stop = (why: string | null) => {
    fault ??= why;
    child.kill('SIGKILL');
  };
  const abort = () => stop(null);
  limits.signal.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(
    () => stop(`looking at them takes longer than ${limits.limitMs / 1000} seconds`),
    limits.limitMs,
  );
  const watching = new AbortController();
  void watchMemory(child, limits.memoryBytes, watching.signal, () =>
    stop(`looking at them takes more than ${Math.round(limits.memoryBytes / 2 ** 20)} MiB of memory`),
  );
  const output = new Promise<string>((resolve, reject) => {
    const parts: Buffer[] = [];
    let length = 0;
    child.stdout?.on('data', (part: Buffer) => {
      length += part.length;
      if (length <= mostAnswerBytes) parts.push(part);
      else stop('what there is to say of them is longer than is plausible');
    });
    child.once('error', reject);
    child.once('close', () => resolve(Buffer.concat(parts).toString('utf8')));
  });
  return {
    output,
    fault: () => fault,
    end() {
      clearTimeout(timer);
      watching.abort();
      limits.signal.removeEventListener('abort', abort);
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    },
  };
}

/** Looks at the resident memory where the system tells it (`/proc`); elsewhere the limit of the heap holds alone. */
async function watchMemory(
  child: ChildProcess,
  memoryBytes: number,
  signal: AbortSignal,
  onExcess: () => void,
): Promise<void> {
  try {
    for await (const _ of every(memoryCheckMs, undefined, { signal, ref: false }))
      if (residentBytesOf(child.pid) > memoryBytes) return onExcess();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function residentBytesOf(pid: number | undefined): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096;
  } catch {
    // It has ended, or this system has no `/proc`.
    return 0;
  }
}

function refused(reason: string, cause?: unknown): SamovarError {
  return new SamovarError('model.refused', { params: { reason }, ...(cause === undefined ? {} : { cause }) });
}
