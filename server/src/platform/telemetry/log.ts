import { pino } from 'pino';
import type { Log } from '../../kernel/ports/log.ts';

const secretFields = ['authorization', 'password', 'secret', 'apiKey', 'masterKey', 'token', 'cookie'];

/** A log of JSON lines on the standard output. Secrets are masked by field name and, in texts, by their form. */
export function createLog(options: { readonly level: string; readonly role: string }): Log {
  return pino(
    {
      level: options.level,
      base: { role: options.role, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: secretFields.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
        censor: '***',
      },
      serializers: { error: pino.stdSerializers.errWithCause },
      hooks: { streamWrite: maskSecrets },
    },
    pino.destination({ fd: 1, sync: true }),
  );
}

/** Masks API keys and passwords inside connection strings. In linear time, whatever a client made us log. */
export function maskSecrets(text: string): string {
  return text
    .replace(/smv_[A-Za-z0-9_-]{8,}/g, 'smv_***')
    .replace(/(\b[a-z][a-z0-9+.-]{0,31}:\/\/[^:@/\s"]*):[^@/\s"]+@/gi, '$1:***@');
}
