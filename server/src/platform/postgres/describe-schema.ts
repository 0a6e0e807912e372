import { sql } from 'kysely';
import type { DatabaseOrTransaction } from '../../kernel/ports/database.ts';

export interface ColumnFacts {
  readonly type: string;
  readonly nullable: boolean;
  /** An insert that does not name the column succeeds. */
  readonly optional: boolean;
}

export interface TableFacts {
  readonly columns: Readonly<Record<string, ColumnFacts>>;
  /** What rows must satisfy, as PostgreSQL writes it, and the columns that it is about. */
  readonly constraints: Readonly<Record<string, readonly string[]>>;
}

/** Tables by name: what a release reads and writes. */
export type SchemaFacts = Readonly<Record<string, TableFacts>>;

/** The tables of a schema; partitions are left out, their parent speaks for them. */
export async function describeSchema(database: DatabaseOrTransaction, schema: string): Promise<SchemaFacts> {
  const columns = await sql<{ table: string; column: string } & ColumnFacts>`
    select c.relname as "table", a.attname as "column", format_type(a.atttypid, a.atttypmod) as type,
      not a.attnotnull as nullable,
      not a.attnotnull or a.atthasdef or a.attidentity <> '' as optional
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where n.nspname = ${schema} and c.relkind in ('r', 'p') and not c.relispartition
      and c.relname not like 'schema_migrations%'
    order by c.relname, a.attname`.execute(database);
  const constraints = await sql<{ table: string; definition: string; columns: string[] }>`
    select c.relname as "table", pg_get_constraintdef(k.oid) as definition,
      array(select a.attname::text from pg_catalog.pg_attribute a
        where a.attrelid = c.oid and a.attnum = any(k.conkey) order by a.attname) as columns
    from pg_catalog.pg_constraint k
    join pg_catalog.pg_class c on c.oid = k.conrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ${schema} and c.relkind in ('r', 'p') and not c.relispartition and k.contype <> 'n'
      and c.relname not like 'schema_migrations%'
    order by c.relname, definition`.execute(database);
  const facts: Record<
    string,
    { columns: Record<string, ColumnFacts>; constraints: Record<string, string[]> }
  > = {};
  for (const { table, column, type, nullable, optional } of columns.rows) {
    facts[table] ??= { columns: {}, constraints: {} };
    facts[table].columns[column] = { type, nullable, optional };
  }
  for (const constraint of constraints.rows) {
    const table = facts[constraint.table];
    if (table) table.constraints[constraint.definition] = constraint.columns;
  }
  return facts;
}

/**
 * What in the new schema would break a release that was written for the old one, each in a sentence. Adding tables,
 * and columns that need not be named, breaks nothing.
 */
export function breaksOf(old: SchemaFacts, now: SchemaFacts): readonly string[] {
  return Object.entries(old).flatMap(([name, table]) => {
    const present = now[name];
    return present ? tableBreaks(name, table, present) : [`the table ${name} is gone`];
  });
}

function tableBreaks(name: string, old: TableFacts, now: TableFacts): string[] {
  const breaks = Object.entries(old.columns).flatMap(([column, facts]) =>
    columnBreaks(`${name}.${column}`, facts, now.columns[column]),
  );
  for (const [column, facts] of Object.entries(now.columns))
    if (!(column in old.columns) && !facts.optional)
      breaks.push(`the new column ${name}.${column} has no default and may not be null`);
  for (const [definition, columns] of Object.entries(now.constraints))
    if (!(definition in old.constraints) && columns.some((column) => column in old.columns))
      breaks.push(`the new constraint of ${name} may refuse rows: ${definition}`);
  return breaks;
}

function columnBreaks(name: string, old: ColumnFacts, now: ColumnFacts | undefined): string[] {
  if (!now) return [`the column ${name} is gone`];
  if (now.type !== old.type) return [`the column ${name} became ${now.type}; it was ${old.type}`];
  if (old.nullable && !now.nullable) return [`the column ${name} may no longer be null`];
  if (old.optional && !now.optional) return [`the column ${name} lost its default`];
  return [];
}
