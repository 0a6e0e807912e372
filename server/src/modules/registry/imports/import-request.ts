import type { ModelManifest } from '@samovar/contract/worker-protocol';
import type { WeightType } from '../../../kernel/ports/model-converter.ts';
import type { Inspection } from '../../../kernel/ports/model-inspector.ts';
import type { FetchedFile, ResolvedSource, SourceLicense } from '../../../kernel/ports/model-source.ts';
import type { Scope } from '../../../kernel/principal.ts';
import type { Actor } from '../../audit/index.ts';
import type { LicenseAcceptance } from '../licenses/license-acceptance.ts';
import type { ImportState } from './import-state.ts';

/** What is known of a model before its files are read, and stronger than what they say. */
export type KnownFacts = Partial<
  Pick<
    ModelManifest,
    'title' | 'description' | 'groups' | 'languages' | 'toolCalls' | 'reasoning' | 'contextTokens' | 'engine'
  >
> & { readonly license?: { readonly id: string; readonly url?: string } };

/** What was asked for. */
export interface WantedImport {
  /** Of the source's files only these: names, or patterns with `*`; all that make the model when absent. */
  readonly files?: readonly string[];
  /** The terms are accepted whatever they turn out to be, by whoever asks for the import. */
  readonly acceptLicense?: boolean;
  /** The terms must be accepted, whatever the source says. */
  readonly licenseNeedsAcceptance?: boolean;
  /** An adapter is taken although its base is not here; the manifest says so. */
  readonly force?: boolean;
  readonly facts?: KnownFacts;
  /** The type that the weights shall have; as they are when absent. */
  readonly quantization?: WeightType;
}

export interface FileProgress {
  readonly path: string;
  readonly sizeBytes: number | null;
  readonly doneBytes: number;
}

export interface RequestProgress {
  readonly doneBytes: number;
  /** 0 while not known. */
  readonly totalBytes: number;
  readonly bytesPerSecond: number;
  readonly files: readonly FileProgress[];
}

export interface ImportFailure {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly params: Readonly<Record<string, string | number>>;
}

/** A wish for a model from anywhere, and how it goes on. */
export interface ImportRequest extends Scope {
  readonly id: string;
  /** As it was asked for, without secrets. */
  readonly source: string;
  /** The same with them, sealed, until the import has ended; `null` where there are none. */
  readonly sealedSource: Buffer | null;
  readonly wanted: WantedImport;
  readonly state: ImportState;
  /** Fencing token: who started latest, or cancelled it, owns the request. */
  readonly attempt: number;
  /** Counts every change. */
  readonly revision: number;
  /** `null` until it is known what the source means. */
  readonly resolved: ResolvedSource | null;
  /** `null` where there are none, or none are known yet. */
  readonly terms: SourceLicense | null;
  readonly acceptance: LicenseAcceptance | null;
  readonly fetched: readonly FetchedFile[] | null;
  readonly inspection: Inspection | null;
  readonly progress: RequestProgress | null;
  /** Of the latest attempt; an import that has one and has not ended is tried again. */
  readonly failure: ImportFailure | null;
  readonly modelName: string;
  readonly versionId: string | null;
  /** Who asked for it. */
  readonly actor: Actor;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly endedAt: Date | null;
}
