import { writeFile } from 'node:fs/promises';
import { describeSchema } from '../src/platform/postgres/describe-schema.ts';
import { migrationNames, migrationsFolder } from '../src/platform/postgres/migration-names.ts';
import { createTestDatabase, testSchema } from './postgres.ts';

// Run when a release is made: from then on, migrations may only expand what this release uses.
//   node server/test/write-schema-contract.ts <version>
const [version = ''] = process.argv.slice(2);
if (!/^\d+\.\d+\.\d+$/.test(version)) throw new Error('which version was released?');
const fresh = await createTestDatabase();
const contract = {
  release: version,
  lastMigration: (await migrationNames()).at(-1),
  tables: await describeSchema(fresh.database, testSchema),
};
await writeFile(new URL('previous-release.json', migrationsFolder), `${JSON.stringify(contract, null, 2)}\n`);
await fresh.end();
