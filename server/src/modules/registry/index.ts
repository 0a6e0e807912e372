export { getVersionFiles, modelFileKey, type VersionFile } from './get-version-files.ts';
export type { ImportPhase, ImportProgress } from './import-progress.ts';
export { type ListedModel, listModels } from './list-models.ts';
export { loadModelSnapshot } from './load-model-snapshot.ts';
export type { VersionState } from './model-version.ts';
export { parseManifest } from './parse-manifest.ts';
export type { ModelSnapshot, PendingModel, ServedModel } from './served-model.ts';
export { type CatalogueSync, syncCatalogue } from './sync-catalogue.ts';
