import { defaultScope } from '@samovar/contract/default-scope';
import type { ServerSettings } from '../../config/load-settings.ts';
import { SamovarError } from '../../kernel/errors.ts';
import type { Database } from '../../kernel/ports/database.ts';
import { importModelJobKind, syncCatalogue } from '../../modules/registry/index.ts';
import { createConfigVersion } from '../../platform/postgres/config-version.ts';
import { createJobQueue } from '../../platform/queue/create-job-queue.ts';
import { prepareJobQueue } from '../../platform/queue/prepare-job-queue.ts';
import type { QueueAddress } from '../../platform/queue/queue-options.ts';
import { readCatalogue } from '../read-catalogue.ts';

/**
 * Prepares the job queue (with the role that may change the schema), registers the catalogue, and queues the import
 * of the default models. Throws `setup.setting_invalid` for a default model that the catalogue lacks.
 */
export async function bringCatalogue(
  settings: ServerSettings,
  database: Database,
  addresses: { readonly running: QueueAddress; readonly migration: QueueAddress },
): Promise<void> {
  await prepareJobQueue({ ...addresses.migration, kinds: [importModelJobKind] });
  const queue = await createJobQueue({ ...addresses.running, part: 'sender' });
  try {
    const unknown = await syncCatalogue({
      database,
      queue,
      configVersion: createConfigVersion(),
      manifests: await readCatalogue(),
      defaultModels: settings.defaultModels,
      scope: defaultScope,
    });
    if (unknown.length > 0)
      throw new SamovarError('setup.setting_invalid', {
        params: {
          name: 'SAMOVAR_DEFAULT_MODELS',
          source: 'the settings',
          reason: `the catalogue has no model ${unknown.join(', ')}`,
        },
      });
  } finally {
    await queue.stop(0);
  }
}
