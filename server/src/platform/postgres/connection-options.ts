import { readFileSync } from 'node:fs';
import { getCACertificates } from 'node:tls';
import type { ClientConfig } from 'pg';
import { type ConnectionOptions, parse } from 'pg-connection-string';

/** How PostgreSQL is reached: a URL, and the company's certificate authorities when it asks for TLS. */
export interface PostgresAddress {
  /** `postgres://user:password@host/database?sslmode=verify-full`, or `postgres://user@/database?host=/folder`. */
  readonly url: string;
  /** PEM file trusted besides the usual authorities; `null` when there is none. */
  readonly caFile: string | null;
}

/**
 * The driver's own options for an address. Nothing is sent as a startup parameter besides the user, the database
 * and the application's name: transaction poolers refuse the others.
 */
export function connectionOptions(address: PostgresAddress): ClientConfig {
  const parsed = parse(address.url);
  const host = parsed.host || 'localhost';
  return {
    host,
    ...(parsed.port ? { port: Number(parsed.port) } : {}),
    ...(parsed.user ? { user: parsed.user } : {}),
    ...(parsed.password ? { password: parsed.password } : {}),
    database: parsed.database ?? parsed.user ?? 'postgres',
    application_name: 'samovar',
    connectionTimeoutMillis: 5000,
    keepAlive: true,
    ssl: host.startsWith('/') ? false : tlsOptions(parsed.ssl, address.caFile),
  };
}

function tlsOptions(asked: ConnectionOptions['ssl'], caFile: string | null): ClientConfig['ssl'] {
  if (asked === undefined || asked === false || asked === 'false') return false;
  const ca = caFile === null ? {} : { ca: [...getCACertificates('default'), readFileSync(caFile, 'utf8')] };
  if (typeof asked !== 'object') return caFile === null ? true : ca;
  const { cert, ...others } = asked;
  return { ...others, ...(cert ? { cert } : {}), ...ca };
}

/** The address as it may be shown and logged: without user, password and options. */
export function printableAddress(url: string): string {
  const parsed = parse(url);
  const host = parsed.host || 'localhost';
  return host.startsWith('/') ? host : `${host}:${parsed.port || 5432}`;
}
