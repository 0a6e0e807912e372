import type { Kysely, Transaction } from 'kysely';

/** A connection pool. A module narrows it to its own tables with `database.withTables<OwnTables>()`. */
export type Database = Kysely<object>;

/** An open transaction; a state change, its audit record and its job share one. */
export type DatabaseTransaction = Transaction<object>;

/** What a store function takes: a pool, or the transaction it is part of. */
export type DatabaseOrTransaction = Database | DatabaseTransaction;
