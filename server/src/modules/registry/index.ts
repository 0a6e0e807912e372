export { getVersionFiles, modelFileKey } from './get-version-files.ts';
export { createImportModelJob, importModelJobKind } from './import-model-job.ts';
export { type ListedModel, listModels } from './list-models.ts';
export { loadModelSnapshot } from './load-model-snapshot.ts';
export { notReady } from './not-ready.ts';
export { parseManifest } from './parse-manifest.ts';
export { type ImportRequests, requestImport } from './request-import.ts';
export type { ModelSnapshot, ServedModel } from './served-model.ts';
export { syncCatalogue } from './sync-catalogue.ts';
