import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Pool, PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { BulkInsert } from '../../kernel/ports/bulk-insert.ts';
import { quoteIdentifier } from './quote-identifier.ts';

/** Longer than any batch takes: without an answer by then the connection is given up, not waited for. */
const defaultTimeoutMs = 10_000;

/** COPY on a connection of the pool. Tables are named with their schema, so poolers that forget settings are fine. */
export function createBulkInsert(pool: Pool, schema: string, timeoutMs = defaultTimeoutMs): BulkInsert {
  async function onClient(act: (client: PoolClient) => Promise<unknown>): Promise<void> {
    const client = await pool.connect();
    let broken: Error | undefined;
    try {
      await within(timeoutMs, act(client));
    } catch (error) {
      broken = error instanceof Error ? error : new Error(String(error));
      throw broken;
    } finally {
      // A connection on which a COPY failed may be in the middle of it: never back into the pool.
      client.release(broken);
    }
  }
  return {
    async insert(table, columns, rows, { skipExisting }) {
      if (rows.length === 0) return;
      const target = `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;
      await onClient((client) => (skipExisting ? copyMissing : copy)(client, target, columns, rows));
    },
    check: () => onClient((client) => client.query('select 1')),
  };
}

async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    const fail = () =>
      reject(
        Object.assign(new Error(`no answer from PostgreSQL within ${limitMs} ms`), { code: 'ETIMEDOUT' }),
      );
    timer = setTimeout(fail, limitMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

async function copyMissing(
  client: PoolClient,
  target: string,
  columns: readonly string[],
  rows: Buffer,
): Promise<void> {
  const list = columns.map(quoteIdentifier).join(', ');
  await client.query('begin');
  await client.query(
    `create temporary table bulk_rows on commit drop as select ${list} from ${target} limit 0`,
  );
  await copy(client, 'pg_temp.bulk_rows', columns, rows);
  await client.query(
    `insert into ${target} (${list}) select ${list} from pg_temp.bulk_rows on conflict do nothing`,
  );
  await client.query('commit');
}

async function copy(
  client: PoolClient,
  target: string,
  columns: readonly string[],
  rows: Buffer,
): Promise<void> {
  const stream = client.query(
    copyFrom(`copy ${target} (${columns.map(quoteIdentifier).join(', ')}) from stdin`),
  );
  await pipeline(Readable.from([rows]), stream);
}
