import { Client } from 'pg';
import { SamovarError } from '../../kernel/errors.ts';
import {
  connectionOptions,
  type PostgresAddress,
  printableAddress,
} from '../../platform/postgres/connection-options.ts';
import { postgresUnreachable } from '../../platform/postgres/postgres-error.ts';

const oldestMajor = 16;

/** Throws `setup.postgres_unreachable`, or `setup.postgres_too_old` below PostgreSQL 16. */
export async function checkPostgres(address: PostgresAddress): Promise<void> {
  const client = new Client(connectionOptions(address));
  let version: number;
  try {
    await client.connect();
    const result = await client.query<{ server_version_num: string }>('show server_version_num');
    version = Number(result.rows[0]?.server_version_num);
  } catch (error) {
    throw postgresUnreachable(address.url, error);
  } finally {
    await client.end();
  }
  const major = Math.floor(version / 10_000);
  if (major < oldestMajor)
    throw new SamovarError('setup.postgres_too_old', {
      params: { address: printableAddress(address.url), found: major, needed: oldestMajor },
    });
}
