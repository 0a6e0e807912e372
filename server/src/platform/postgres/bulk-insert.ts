import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Pool, PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { BulkInsert, BulkValue } from '../../kernel/ports/bulk-insert.ts';
import { quoteIdentifier } from './quote-identifier.ts';

/** COPY on a connection of the pool. Tables are named with their schema, so poolers that forget settings are fine. */
export function createBulkInsert(pool: Pool, schema: string): BulkInsert {
  return {
    async insert(table, columns, rows, { skipExisting }) {
      if (rows.length === 0) return;
      const client = await pool.connect();
      let broken: Error | undefined;
      try {
        const target = `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;
        if (skipExisting) await copyMissing(client, target, columns, rows);
        else await copy(client, target, columns, rows);
      } catch (error) {
        broken = error instanceof Error ? error : new Error(String(error));
        throw broken;
      } finally {
        // A connection on which a COPY failed may be in the middle of it: never back into the pool.
        client.release(broken);
      }
    },
  };
}

async function copyMissing(
  client: PoolClient,
  target: string,
  columns: readonly string[],
  rows: readonly (readonly BulkValue[])[],
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
  rows: readonly (readonly BulkValue[])[],
): Promise<void> {
  const stream = client.query(
    copyFrom(`copy ${target} (${columns.map(quoteIdentifier).join(', ')}) from stdin`),
  );
  await pipeline(Readable.from([Buffer.from(rows.map(encodeRow).join(''), 'utf8')]), stream);
}

/** One line of COPY's text format. */
function encodeRow(row: readonly BulkValue[]): string {
  return `${row.map(encodeValue).join('\t')}\n`;
}

function encodeValue(value: BulkValue): string {
  if (value === null) return '\\N';
  if (typeof value !== 'string') return String(value);
  return value.replace(/[\\\t\n\r]/g, (character) => escapes[character] ?? character);
}

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
};
