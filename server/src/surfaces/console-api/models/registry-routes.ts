import type { BoundRoute } from '../../../kernel/ports/http-routes.ts';
import type { ObjectStore } from '../../../kernel/ports/object-store.ts';
import type { ImportAccess, UploadAccess } from '../../../modules/registry/index.ts';
import { type CatalogueApi, catalogueRoutes, importOfEntry } from './catalogue-routes.ts';
import { importRoutes } from './import-routes.ts';
import { uploadRoutes } from './upload-routes.ts';

/** What brings models in and gives them out. */
export interface RegistryApi extends ImportAccess, CatalogueApi {
  readonly uploads: UploadAccess;
  objectStore(): Promise<ObjectStore>;
}

/** Models on their way in and out, beside `/api/models` itself. */
export function registryRoutes(api: RegistryApi): BoundRoute[] {
  return [
    ...importRoutes({ ...api, importOfEntry: importOfEntry(api) }),
    ...uploadRoutes(api),
    ...catalogueRoutes(api),
  ];
}
