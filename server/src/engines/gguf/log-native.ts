import { LlamaLogLevel } from 'node-llama-cpp';
import type { Log } from '../../kernel/ports/log.ts';

/** What the native library says, in our log. */
export function logNative(log: Log, level: LlamaLogLevel, message: string): void {
  const text = message.trim();
  if (level === LlamaLogLevel.fatal || level === LlamaLogLevel.error) log.error({}, text);
  else if (level === LlamaLogLevel.warn) log.warn({}, text);
  else log.debug({}, text);
}
