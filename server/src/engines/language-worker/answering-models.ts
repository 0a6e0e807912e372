import { createHash } from 'node:crypto';
import type { WorkerStart } from '@samovar/contract/worker-protocol';
import { SamovarError } from '../../kernel/errors.ts';
import { isJsonObject, type JsonObject } from '../worker-http/read-json-body.ts';
import type { TextGenerator } from './generation/text-generator.ts';
import { createGrammarCache } from './grammar/grammar-cache.ts';
import type { LanguageModel } from './language-model.ts';
import type { LoadedEngine } from './loaded-engine.ts';
import { createControlTextGuards } from './templates/control-text-guard.ts';
import { createPromptRenderer, type PromptRenderer } from './templates/render-prompt.ts';
import type { Vocabulary } from './vocabulary.ts';

/** The model that a request is for. Throws while it is not loaded. */
export type ChooseModel = (body: JsonObject) => LanguageModel;

/** What one worker answers as: the model itself, and each of its adapters. */
export interface AnsweringModels {
  /** By `samovar.adapter`, the version of an adapter; the model itself without it. */
  readonly choose: ChooseModel;
}

export function createAnsweringModels(
  start: WorkerStart,
  engine: LoadedEngine,
  own: Pick<LanguageModel, 'running' | 'counters'>,
): AnsweringModels {
  const base = languageModel(start, engine, own);
  const adapters = new Map(
    (start.adapters ?? []).flatMap(({ versionId }) => {
      const generator = engine.adapters?.get(versionId);
      return generator === undefined ? [] : [[versionId, adapted(start, base, { versionId, generator })]];
    }),
  );
  return {
    choose({ samovar }) {
      const wanted = isJsonObject(samovar) ? samovar.adapter : undefined;
      if (wanted === undefined) return base;
      const model = adapters.get(String(wanted));
      if (model === undefined) throw missing(start, engine, String(wanted));
      return model;
    },
  };
}

/** The engine host has chosen what is served here: one that is not is on its way, or does not fit. */
function missing(start: WorkerStart, { failedAdapters }: LoadedEngine, versionId: string): SamovarError {
  const model = start.adapters?.find((adapter) => adapter.versionId === versionId)?.name ?? versionId;
  if (failedAdapters?.has(versionId))
    return new SamovarError('engine.load_failed', {
      params: { model, reason: `it does not fit ${start.modelName}, or its file is damaged` },
    });
  return new SamovarError('model.not_ready', { params: { model, state: 'loading' }, retryAfterSeconds: 1 });
}

function languageModel(
  start: WorkerStart,
  { generator, vocabulary, chatTemplate }: LoadedEngine,
  own: Pick<LanguageModel, 'running' | 'counters'>,
): LanguageModel {
  return {
    manifest: start.manifest,
    contextTokens: start.contextTokens,
    vocabulary,
    generator,
    renderPrompt: promptRenderer(start, vocabulary, chatTemplate),
    guardControlTexts: createControlTextGuards(vocabulary.controlTexts),
    grammars: createGrammarCache(),
    ...own,
    systemFingerprint: fingerprint(start),
  };
}

/** The manifest may bring a template in place of the file's, which may lack one or have one that cannot be used. */
function promptRenderer(
  { manifest, modelName }: WorkerStart,
  { bosText, eosText }: Vocabulary,
  inFile: string | null,
): PromptRenderer | null {
  const own = manifest.engineOptions.chatTemplate;
  const template = typeof own === 'string' ? own : inFile;
  if (template === null) return null;
  try {
    return createPromptRenderer({ name: modelName, template, bosToken: bosText, eosToken: eosText });
  } catch (error) {
    // The model completes texts all the same; who wants to chat is told.
    if (!(error instanceof SamovarError)) throw error;
    return () => {
      throw error;
    };
  }
}

/** The template and the vocabulary are those of the model; the sequences, their caches and the grammars its own. */
function adapted(
  start: WorkerStart,
  base: LanguageModel,
  { versionId, generator }: { readonly versionId: string; readonly generator: TextGenerator },
): LanguageModel {
  return {
    ...base,
    generator,
    grammars: createGrammarCache(),
    systemFingerprint: fingerprint(start, versionId),
  };
}

function fingerprint(
  { manifest, threads, parallelSequences, contextTokens, kvCache }: WorkerStart,
  adapter?: string,
): string {
  const files = manifest.files.map((file) => file.sha256);
  const parts = [files, manifest.engine, threads, parallelSequences, contextTokens, kvCache, adapter].filter(
    (part) => part !== undefined,
  );
  return `fp_${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 10)}`;
}
