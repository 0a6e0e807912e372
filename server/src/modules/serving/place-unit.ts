import type { StoredFile } from '../../kernel/ports/worker-runner.ts';
import type { EngineHostDependencies } from './engine-host-dependencies.ts';
import type { ServingUnit } from './serving-unit.ts';

export interface PlacedUnit {
  /** Absolute paths of the base's files by their names. */
  readonly files: Readonly<Record<string, string>>;
  /** Absolute paths of the GGUF files of adapters, by their versions. */
  readonly adapters: ReadonlyMap<string, string>;
}

/** Files of one version are told from those of another by this before their names. */
const ownFolder = (versionId: string) => `${versionId}/`;

/**
 * Puts the files of a unit on this machine: the base's and those of its adapters. `kept` are what was read of the
 * registry the last time, so that a restart does not need the database.
 */
export async function placeUnit(
  host: Pick<EngineHostDependencies, 'models' | 'placer'>,
  { model, adapters }: ServingUnit,
  about: {
    readonly kept: readonly StoredFile[] | null;
    keep(files: readonly StoredFile[]): void;
    inUse(): readonly StoredFile[];
    readonly signal: AbortSignal;
  },
): Promise<PlacedUnit> {
  let stored = about.kept;
  if (stored === null) {
    const ofAll: StoredFile[] = [];
    for (const one of [model, ...adapters.map((adapter) => adapter.model)])
      for (const file of await host.models.filesOf(one))
        ofAll.push({ ...file, name: ownFolder(one.versionId) + file.name });
    stored = ofAll;
    about.keep(stored);
  }
  const placed = await host.placer.place(stored, about.inUse(), about.signal);
  const pathsOf = (versionId: string) =>
    Object.entries(placed).flatMap(([name, path]) =>
      name.startsWith(ownFolder(versionId)) ? [[name.slice(ownFolder(versionId).length), path] as const] : [],
    );
  return {
    files: Object.fromEntries(pathsOf(model.versionId)),
    adapters: new Map(
      adapters.flatMap((adapter) => {
        const path = pathsOf(adapter.model.versionId).find(([name]) => name.endsWith('.gguf'))?.[1];
        return path === undefined ? [] : [[adapter.model.versionId, path]];
      }),
    ),
  };
}
