import { resolve } from 'node:path';
import { dataFolder } from '@samovar/contract/data-folder';
import { defaultScope } from '@samovar/contract/default-scope';
import { makeFolder } from '@samovar/contract/make-folder';
import type { ServerSettings } from '../../config/load-settings.ts';
import { systemClock } from '../../kernel/clock.ts';
import { SamovarError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/ports/log.ts';
import { createFirstKey } from '../../modules/iam/index.ts';
import { hasSealedSecrets } from '../../modules/remote-engines/index.ts';
import { createConfigVersion } from '../../platform/postgres/config-version.ts';
import { connectPostgres, type Postgres } from '../../platform/postgres/connect-postgres.ts';
import { writeFileWhole } from '../../platform/process/write-file-whole.ts';
import { makeMasterKey } from '../../platform/sealing/make-master-key.ts';
import { requiredPostgresUrl } from '../required-postgres-url.ts';
import { bringCatalogue } from './bring-catalogue.ts';
import { checkPostgres } from './check-postgres.ts';
import { prepareTables } from './prepare-tables.ts';
import { writeRelease } from './release-record.ts';
import { unusableFolder } from './unusable-folder.ts';

/**
 * Makes an installation ready for this release, and ends: migrations, the master key, the first API key, the
 * catalogue of ready models. Safe to run again, and by several machines at once.
 */
export async function prepare(settings: ServerSettings, log: Log): Promise<null> {
  const data = dataFolder(resolve(settings.data));
  try {
    makeFolder(data.root);
  } catch (error) {
    throw unusableFolder(data.root, error);
  }
  const url = requiredPostgresUrl(settings, 'prepare');
  const address = { caFile: settings.caFile, schema: settings.postgresSchema, log };
  const migrationUrl = settings.postgresMigrationUrl ?? url;
  await checkPostgres({ url: migrationUrl, caFile: settings.caFile });
  await prepareTables({ ...address, url: migrationUrl }, url);
  const postgres = await connectPostgres({ ...address, url, poolSize: 2 });
  try {
    await provideMasterKey(postgres, settings, data.masterKey);
    await makeFirstKey(postgres, data.firstKey, log);
    await bringCatalogue(postgres.database, { ...address, url }, settings.defaultModels);
  } finally {
    await postgres.end();
  }
  await writeRelease(data.release);
  return null;
}

/** A lost key is not replaced while something is sealed with it: a new one would open none of it, and say so late. */
async function provideMasterKey(
  { database }: Postgres,
  { masterKey, masterKeyFile }: ServerSettings,
  ownFile: string,
): Promise<void> {
  await makeMasterKey({ masterKey, masterKeyFile, ownFile }, async () => {
    if (!(await hasSealedSecrets(database))) return;
    const reason = 'it is gone, and credentials of connected engines are sealed with the key that it held';
    throw new SamovarError('setup.data_damaged', { params: { path: ownFile, reason } });
  });
}

async function makeFirstKey(postgres: Postgres, path: string, log: Log): Promise<void> {
  const iam = { database: postgres.database, configVersion: createConfigVersion(), clock: systemClock };
  const made = await createFirstKey(iam, defaultScope, async (secret) => writeFileWhole(path, `${secret}\n`));
  if (made !== null) log.info({ path }, 'made the first API key');
}
