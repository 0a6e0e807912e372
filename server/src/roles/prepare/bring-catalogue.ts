import { defaultScope } from '@samovar/contract/default-scope';
import { SamovarError } from '../../kernel/errors.ts';
import type { Database } from '../../kernel/ports/database.ts';
import { syncCatalogue } from '../../modules/registry/index.ts';
import { createConfigVersion } from '../../platform/postgres/config-version.ts';
import { createJobQueue } from '../../platform/queue/create-job-queue.ts';
import type { QueueAddress } from '../../platform/queue/queue-options.ts';
import { readCatalogue } from '../read-catalogue.ts';

/**
 * Registers the catalogue and queues the import of the default models. Throws `setup.setting_invalid` for a default
 * model that the catalogue lacks.
 */
export async function bringCatalogue(
  database: Database,
  address: QueueAddress,
  defaultModels: readonly string[],
): Promise<void> {
  const queue = await createJobQueue({ ...address, part: 'sender' });
  try {
    const unknown = await syncCatalogue({
      database,
      queue,
      configVersion: createConfigVersion(),
      manifests: await readCatalogue(),
      defaultModels,
      scope: defaultScope,
    });
    if (unknown.length === 0) return;
    const reason = `the catalogue has no model ${unknown.join(', ')}`;
    throw new SamovarError('setup.setting_invalid', {
      params: { name: 'SAMOVAR_DEFAULT_MODELS', source: 'the settings', reason },
    });
  } finally {
    await queue.stop(0);
  }
}
