import { existsSync, renameSync } from 'node:fs';
import { resolve } from 'node:path';
import { dataFolder } from '@samovar/contract/data-folder';
import { defaultScope } from '@samovar/contract/default-scope';
import { makeFolder } from '@samovar/contract/make-folder';
import type { ServerSettings } from '../../config/load-settings.ts';
import { systemClock } from '../../kernel/clock.ts';
import { SamovarError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/ports/log.ts';
import { createRecoveredKey } from '../../modules/iam/index.ts';
import { choosePostgresPlace } from '../../platform/embedded-postgres/postgres-place.ts';
import { postgresUser } from '../../platform/embedded-postgres/postgres-user.ts';
import { runningPostgresUrl } from '../../platform/embedded-postgres/running-postgres-url.ts';
import { createConfigVersion } from '../../platform/postgres/config-version.ts';
import { connectPostgres } from '../../platform/postgres/connect-postgres.ts';
import { writeFileWhole } from '../../platform/process/write-file-whole.ts';
import { unusableFolder } from '../prepare/unusable-folder.ts';

/**
 * Makes a key with every permission and ends: for the owner of the data folder, or of the database, who has none left
 * that may make one. Its secret goes into `first-key`; what was there is kept beside it.
 */
export async function recoverKey(settings: ServerSettings, log: Log): Promise<null> {
  const data = dataFolder(resolve(settings.data));
  try {
    makeFolder(data.root);
  } catch (error) {
    throw unusableFolder(data.root, error);
  }
  const url = settings.postgresUrl ?? runningPostgresUrl(choosePostgresPlace(data, postgresUser(data.logs)));
  if (url === null) {
    const reason = 'it does not run';
    throw new SamovarError('setup.postgres_unreachable', { params: { address: data.postgres, reason } });
  }
  const { caFile, postgresSchema: schema } = settings;
  const postgres = await connectPostgres({ url, caFile, schema, log, poolSize: 1 });
  try {
    const { database } = postgres;
    const iam = { database, configVersion: createConfigVersion(), clock: systemClock };
    const { key } = await createRecoveredKey(iam, defaultScope, (secret) => {
      if (existsSync(data.firstKey)) renameSync(data.firstKey, `${data.firstKey}.before`);
      writeFileWhole(data.firstKey, `${secret}\n`);
    });
    log.warn(
      { keyId: key.keyId, path: data.firstKey },
      'made a key without a key, for the owner of the data',
    );
  } finally {
    await postgres.end();
  }
  return null;
}
