import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  FetchedFile,
  FetchOptions,
  ModelSource,
  ResolvedSource,
  ResolveOptions,
  SourceFile,
} from '../src/kernel/ports/model-source.ts';
import {
  createModelSource,
  type ModelSourceSettings,
} from '../src/platform/model-sources/create-model-source.ts';
import { createOutboundGuard } from '../src/platform/outbound-guard/outbound-guard.ts';
import { noMirrors, nowhere } from './nowhere.ts';

export interface TestModelSource extends ModelSource {
  /** Archives lie in the folder of the source where a test says no other one. */
  resolve(uri: string, signal: AbortSignal, options?: Partial<ResolveOptions>): Promise<ResolvedSource>;
  fetch(
    source: ResolvedSource,
    file: SourceFile,
    target: string,
    options: FetchOptions & Partial<ResolveOptions>,
  ): Promise<FetchedFile>;
  /** Where `fetchAll` puts files. */
  readonly folder: string;
  /** Fetches every file of a source; returns what was fetched with its place. */
  fetchAll(source: ResolvedSource): Promise<(FetchedFile & { readonly target: string })[]>;
  end(): Promise<void>;
}

/** Quick to give up and to try again; parts of 64 KiB. */
export const impatientLimits: NonNullable<ModelSourceSettings['limits']> = {
  partBytes: () => 64 * 1024,
  silenceMs: 1_000,
  noteEveryMs: 5,
  patience: { tries: 4, firstPauseMs: 20, longestPauseMs: 100, longestWaitMs: 10_000 },
};

export interface TestSourceChanges extends Partial<ModelSourceSettings> {
  /** PEM files of authorities. */
  readonly caFiles?: readonly string[];
}

/** Sources with nothing configured but what a test changes; this machine's addresses are allowed. */
export async function createTestModelSource(changes: TestSourceChanges = {}): Promise<TestModelSource> {
  const folder = await mkdtemp(join(tmpdir(), 'samovar-sources-'));
  const source = createModelSource({
    mirrors: { ...noMirrors, caFiles: changes.caFiles ?? [] },
    hub: { endpoint: nowhere, token: null },
    s3: {
      endpoint: nowhere,
      region: 'us-east-1',
      credentials: { accessKeyId: 'nobody', secretAccessKey: 'nothing' },
      pathStyle: true,
      checksums: 'when-required',
      caFile: null,
    },
    buckets: { allowed: [], own: null },
    modelFolder: null,
    registryAuthFile: null,
    guard: createOutboundGuard({ allow: ['127.0.0.0/8'] }),
    limits: impatientLimits,
    ...changes,
  });
  const archives = join(folder, 'archives');
  return {
    ...source,
    resolve: (uri, signal, options) => source.resolve(uri, signal, { archives, ...options }),
    fetch: (resolved, file, target, options) =>
      source.fetch(resolved, file, target, { archives, ...options }),
    folder,
    async fetchAll(resolved) {
      const fetched = [];
      for (const file of resolved.files) {
        const target = join(folder, 'files', file.path);
        const options = { signal: AbortSignal.timeout(60_000), onProgress: () => {}, archives };
        fetched.push({ ...(await source.fetch(resolved, file, target, options)), target });
      }
      return fetched;
    },
    async end() {
      await source.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
