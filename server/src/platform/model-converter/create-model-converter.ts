import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { SamovarError } from '../../kernel/errors.ts';
import type {
  ConversionOptions,
  ConversionOrder,
  ConvertedFile,
  ModelConverter,
} from '../../kernel/ports/model-converter.ts';
import { type ConfinedCode, runConfinedProcess } from '../confined-process/run-confined-process.ts';
import type { ConversionMessage, OwnConversion } from './conversion-messages.ts';
import { quantise } from './quantise.ts';

export interface ModelConverterOptions extends ConfinedCode {
  /** The program llama-quantize of this machine; `null` when there is none. */
  findQuantizeProgram(): Promise<string | null>;
  /** Threads of llama-quantize. */
  readonly threads: number;
  /** Resident memory of our own conversions; 2 GiB unless told. They need 300 MB beside the vocabulary. */
  readonly memoryBytes?: number;
  /** Memory of llama-quantize beside the pages of its file: what the machine can spare. */
  readonly quantizeMemoryBytes: number;
  /** How long one conversion may take; a day unless told. */
  readonly limitMs?: number;
}

const defaultMemoryBytes = 2 * 1024 * 1024 * 1024;
const defaultLimitMs = 24 * 3_600_000;

/** Conversions in child processes behind everything else: our own, confined to the files of the order, and llama-quantize. */
export function createModelConverter(options: ModelConverterOptions): ModelConverter {
  const unavailable = async (kind: ConversionOrder['kind']): Promise<string | null> =>
    kind === 'quantise' && (await options.findQuantizeProgram()) === null
      ? 'llama-quantize has not been built (`samovar engines build llama-server` builds it too)'
      : null;
  return {
    unavailable,
    async convert(order, conversion) {
      const reason = await unavailable(order.kind);
      if (reason !== null) throw new SamovarError('model.conversion_unavailable', { params: { reason } });
      if (order.kind === 'gguf-to-safetensors') {
        const paths = await convertHere(options, order, conversion);
        return await Promise.all(paths.map((path) => fileAt(join(order.target, path))));
      }
      // Under its name only when it is whole.
      const unfinished = join(dirname(order.target), `.${basename(order.target)}.unfinished`);
      try {
        if (order.kind === 'quantise') {
          const program = (await options.findQuantizeProgram()) ?? '';
          const { threads, quantizeMemoryBytes: memoryBytes, limitMs = defaultLimitMs } = options;
          const limits = { threads, memoryBytes, limitMs, environment: options.environment };
          await quantise(program, { ...order, target: unfinished, ...limits }, conversion);
        } else await convertHere(options, { ...order, target: unfinished }, conversion);
        await rename(unfinished, order.target);
      } finally {
        await rm(unfinished, { force: true });
      }
      return [await fileAt(order.target)];
    },
  };
}

async function convertHere(
  options: ModelConverterOptions,
  order: OwnConversion,
  { signal, onProgress }: ConversionOptions,
): Promise<readonly string[]> {
  const { text, fault } = await runConfinedProcess(options, {
    permissions: permissionsOf(order),
    memoryBytes: options.memoryBytes ?? defaultMemoryBytes,
    limitMs: options.limitMs ?? defaultLimitMs,
    signal,
    isBackground: true,
    input: JSON.stringify(order),
    onLine(line) {
      const message = messageOf(line);
      if (message?.kind === 'progress') onProgress(message.fraction);
    },
  });
  const message = messageOf(text);
  if (fault !== null) throw failed(`it ${fault}`);
  if (message === null || message.kind === 'progress') throw failed('its process died');
  if (message.kind === 'refused')
    throw new SamovarError(message.code, { params: { reason: message.reason } });
  if (message.kind === 'failed') throw failed(message.message, message.code);
  onProgress(1);
  return message.paths;
}

function permissionsOf(order: OwnConversion): string[] {
  const read = 'source' in order ? [order.source] : [order.folder];
  if (order.kind === 'peft-to-gguf') read.push(order.base);
  return [
    ...read.map((path) => `--allow-fs-read=${path}`),
    `--allow-fs-read=${order.target}`,
    `--allow-fs-write=${order.target}`,
  ];
}

function messageOf(line: string): ConversionMessage | null {
  try {
    return JSON.parse(line) as ConversionMessage;
  } catch {
    // No line of ours: the process died while it wrote.
    return null;
  }
}

/** A full disk keeps its code, so that who asked can say so. */
function failed(reason: string, code: string | null = null): Error {
  const error = new SamovarError('model.conversion_failed', { params: { reason } });
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? Object.assign(new Error(reason), { code, cause: error })
    : error;
}

async function fileAt(path: string): Promise<ConvertedFile> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk);
  return { path, sizeBytes: (await stat(path)).size, sha256: hash.digest('hex') };
}
