import type { ConstructorOptions } from 'pg-boss';
import type { Log } from '../../kernel/ports/log.ts';
import { connectionOptions, type PostgresAddress } from '../postgres/connection-options.ts';

export interface QueueAddress extends PostgresAddress {
  /** Schema of our tables; the queue's own lie in `<schema>_jobs`. */
  readonly schema: string;
  readonly log: Log;
}

/** Schema of the queue's own tables. */
export function queueSchema(schema: string): string {
  return `${schema}_jobs`;
}

/** Options that every use of the queue shares; connections are made as everywhere else. */
export function queueOptions(address: QueueAddress): ConstructorOptions {
  const { host, port, user, password, database, ssl, connectionTimeoutMillis } = connectionOptions(address);
  return {
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port }),
    ...(user === undefined ? {} : { user }),
    ...(typeof password === 'string' ? { password } : {}),
    ...(database === undefined ? {} : { database }),
    ...(connectionTimeoutMillis === undefined ? {} : { connectionTimeoutMillis }),
    ssl,
    application_name: 'samovar-jobs',
    schema: `"${queueSchema(address.schema)}"`,
  };
}
