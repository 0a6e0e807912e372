import type { Log } from '../src/kernel/ports/log.ts';

export interface LoggedLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  /** Its fields as they would be written: an error with its message and its causes. */
  readonly fields: string;
}

/** A log that is looked into: each line is appended to `lines`. */
export function recordingLog(lines: LoggedLine[]): Log {
  const write = (level: LoggedLine['level']) => (fields: object, message: string) => {
    lines.push({ level, message, fields: JSON.stringify(fields, (_, value) => shown(value)) });
  };
  const log: Log = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => log,
  };
  return log;
}

function shown(value: unknown): unknown {
  return value instanceof Error ? { message: value.message, cause: value.cause } : value;
}
