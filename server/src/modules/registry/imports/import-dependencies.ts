import type { ConfigVersion } from '../../../kernel/ports/config-version.ts';
import type { Database } from '../../../kernel/ports/database.ts';
import type { Log } from '../../../kernel/ports/log.ts';
import type { ModelConverter } from '../../../kernel/ports/model-converter.ts';
import type { ModelInspector } from '../../../kernel/ports/model-inspector.ts';
import type { ModelSource } from '../../../kernel/ports/model-source.ts';
import type { ObjectStore } from '../../../kernel/ports/object-store.ts';
import type { Sealing } from '../../../kernel/ports/sealing.ts';

export interface RunImportDependencies {
  readonly database: Database;
  readonly configVersion: ConfigVersion;
  readonly objectStore: ObjectStore;
  readonly sources: ModelSource;
  readonly inspector: ModelInspector;
  readonly converter: ModelConverter;
  /** Opens sources that carry secrets. */
  readonly sealing: Sealing;
  /** Files of imports that have not ended; what lies here is gone on with. */
  readonly downloadsFolder: string;
  readonly log: Log;
  /** Bytes that may still be written to the disk of a folder. */
  readonly freeBytes?: (folder: string) => Promise<number>;
}
