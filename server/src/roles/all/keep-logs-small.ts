import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../../kernel/ports/log.ts';
import { rotateLogFile } from '../../platform/process/log-file.ts';

const lookEveryMs = 30_000;

/** Rotates the logs of a folder as they grow, until `stop`. */
export function keepLogsSmall(folder: string, log: Log): { stop(): void } {
  const timer = setInterval(() => {
    try {
      for (const name of readdirSync(folder))
        if (name.endsWith('.log') && rotateLogFile(join(folder, name))) log.info({ name }, 'rotated a log');
    } catch (error) {
      log.warn({ error }, 'the logs could not be rotated; it is tried again');
    }
  }, lookEveryMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
