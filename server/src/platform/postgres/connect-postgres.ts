import { Kysely, PostgresDialect } from 'kysely';
import { Pool } from 'pg';
import type { Database } from '../../kernel/ports/database.ts';
import type { Log } from '../../kernel/ports/log.ts';
import { connectionOptions, type PostgresAddress } from './connection-options.ts';
import { impatientSocket } from './impatient-socket.ts';
import { postgresUnreachable } from './postgres-error.ts';
import { qualifyRawTables } from './qualify-raw-tables.ts';
import { quoteIdentifier } from './quote-identifier.ts';

export interface PostgresOptions extends PostgresAddress {
  /** Schema that holds our tables. */
  readonly schema: string;
  readonly poolSize: number;
  readonly log: Log;
  /** Statements that run longer are cancelled by the server. */
  readonly statementTimeoutMs?: number;
  /** A connection in use that carries nothing for so long beyond that is given up: 10 s when absent. */
  readonly silenceBeyondStatementMs?: number;
}

export interface Postgres {
  readonly database: Database;
  readonly pool: Pool;
  end(): Promise<void>;
}

const defaultStatementTimeoutMs = 30_000;
/** The server's own limit of a statement answers first. */
const defaultSilenceMs = 10_000;

/** Opens a pool and proves that it answers; throws `setup.postgres_unreachable` otherwise. */
export async function connectPostgres(options: PostgresOptions): Promise<Postgres> {
  const postgres = openPostgres(options);
  try {
    await postgres.pool.query('select 1');
  } catch (error) {
    await postgres.end();
    throw postgresUnreachable(options.url, error);
  }
  return postgres;
}

/**
 * Opens a pool without asking whether the server is there: each query finds out by itself.
 *
 * The schema is found in two ways. Every query of the builder is qualified with it, which also holds behind a
 * transaction pooler, where settings of a session get lost between transactions. And each new connection gets it
 * as `search_path`, which serves SQL written by hand on direct connections; such SQL holds behind a pooler too when
 * it names its tables by `sql.table('name')`.
 */
export function openPostgres(options: PostgresOptions): Postgres {
  const statementTimeoutMs = options.statementTimeoutMs ?? defaultStatementTimeoutMs;
  const pool = new Pool({
    ...connectionOptions(options),
    max: options.poolSize,
    // Sooner than a silent socket is given up, so that only those in use are.
    idleTimeoutMillis: Math.min(30_000, statementTimeoutMs),
    stream: () =>
      impatientSocket(statementTimeoutMs + (options.silenceBeyondStatementMs ?? defaultSilenceMs)),
    onConnect: async (client) => {
      await client.query(sessionSettings(options.schema, statementTimeoutMs));
    },
  });
  // The pool drops a broken idle connection by itself; without a listener the process would end.
  pool.on('error', (error) => {
    options.log.warn({ error: error.message }, 'an idle PostgreSQL connection broke and was dropped');
  });
  // A connection in use that breaks rejects its running query; its event, unheard, would end the process as well.
  pool.on('connect', (client) => {
    client.on('error', (error) => {
      options.log.debug({ error: error.message }, 'a PostgreSQL connection broke');
    });
  });
  const database = new Kysely<object>({ dialect: new PostgresDialect({ pool }) })
    .withSchema(options.schema)
    .withPlugin(qualifyRawTables(options.schema));
  return { database, pool, end: endOnce(pool) };
}

function endOnce(pool: Pool): () => Promise<void> {
  let ended: Promise<void> | null = null;
  return () => {
    ended ??= pool.end();
    return ended;
  };
}

function sessionSettings(schema: string, statementTimeoutMs: number): string {
  return [
    `set search_path to ${quoteIdentifier(schema)}`,
    `set statement_timeout to ${statementTimeoutMs}`,
    'set idle_in_transaction_session_timeout to 60000',
  ].join('; ');
}
