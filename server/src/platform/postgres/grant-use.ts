import { Client } from 'pg';
import { connectionOptions, type PostgresAddress } from './connection-options.ts';
import { quoteIdentifier } from './quote-identifier.ts';

/**
 * Lets the role of `runningUrl` use schemas that the role of `url` owns: rows, sequences and functions, no changes of
 * structure. Does nothing when both are the same role.
 */
export async function grantUse(
  options: PostgresAddress & { readonly runningUrl: string; readonly schemas: readonly string[] },
): Promise<void> {
  const role = connectionOptions({ url: options.runningUrl, caFile: null }).user;
  const client = new Client(connectionOptions(options));
  try {
    await client.connect();
    const owner = await client.query<{ name: string }>('select current_user as name');
    if (role === undefined || owner.rows[0]?.name === role) return;
    // PostgreSQL refuses two grants on one object at the same moment.
    await client.query("begin; select pg_advisory_xact_lock(hashtext('samovar.grants'))");
    for (const schema of options.schemas)
      await client.query(grantsOn(quoteIdentifier(schema), quoteIdentifier(role)));
    await client.query('commit');
  } finally {
    await client.end();
  }
}

function grantsOn(schema: string, role: string): string {
  const kinds = [
    ['tables', 'select, insert, update, delete'],
    ['sequences', 'usage, select'],
    ['functions', 'execute'],
  ];
  return [
    `grant usage on schema ${schema} to ${role}`,
    ...kinds.flatMap(([kind, rights]) => [
      `grant ${rights} on all ${kind} in schema ${schema} to ${role}`,
      // What later migrations and functions make.
      `alter default privileges in schema ${schema} grant ${rights} on ${kind} to ${role}`,
    ]),
  ].join('; ');
}
