import type { BoundRoute } from '../../../kernel/ports/http-routes.ts';
import type { ImportAccess, UploadAccess } from '../../../modules/registry/index.ts';
import type { Followers } from '../followers.ts';
import { type ApplyApi, applyRoutes } from './apply-routes.ts';
import { type CatalogueApi, catalogueRoutes, importOfEntry } from './catalogue-routes.ts';
import { importRoutes } from './import-routes.ts';
import { type ModelChangeApi, modelChangeRoutes } from './model-change-routes.ts';
import { uploadRoutes } from './upload-routes.ts';
import { versionRoutes } from './version-routes.ts';

/** What brings models in and gives them out. */
export interface RegistryApi extends ImportAccess, CatalogueApi, ModelChangeApi, ApplyApi {
  readonly uploads: UploadAccess;
  readonly followers: Followers;
}

/** Models on their way in and out, beside `/api/models` itself. */
export function registryRoutes(api: RegistryApi): BoundRoute[] {
  return [
    ...importRoutes({ ...api, importOfEntry: importOfEntry(api) }),
    ...uploadRoutes(api),
    ...catalogueRoutes(api),
    ...versionRoutes(api),
    ...modelChangeRoutes(api),
    ...applyRoutes(api),
  ];
}
