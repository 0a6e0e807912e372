export { chooseTarget } from './aliases/choose-target.ts';
export { type FallbackKind, fallbackKindOf } from './aliases/fallback-kind.ts';
export { findNamed, findServed, type NamedModel } from './aliases/find-served.ts';
export { type Deprecation, plainAlias, type ServedAlias } from './aliases/served-alias.ts';
export { getVersionFiles, modelFileKey } from './get-version-files.ts';
export { createImportModelJob, importModelJobKind } from './import-model-job.ts';
export { type ListedModel, listModels } from './list-models.ts';
export {
  createModelSnapshotLoader,
  loadModelSnapshot,
  type ModelSnapshotLoader,
} from './load-model-snapshot.ts';
export type { ModelPolicy } from './model-uri/model-policy.ts';
export { resolveModelUri } from './model-uri/resolve-model-uri.ts';
export { notReady } from './not-ready.ts';
export { parseManifest } from './parse-manifest.ts';
export { type PublishedVersion, publishVersion } from './publish-version.ts';
export { type ImportRequests, requestImport } from './request-import.ts';
export type { ModelSnapshot, ServedModel } from './served-model.ts';
export { type AliasDependencies, removeAlias, setAlias } from './set-alias.ts';
export { syncCatalogue } from './sync-catalogue.ts';
