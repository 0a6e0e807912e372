import { getLlama, LlamaLogLevel } from 'node-llama-cpp';
import type { Log } from '../../kernel/ports/log.ts';
import { chatTemplateOf } from '../gguf/chat-template.ts';
import { createGgufVocabulary } from '../gguf/gguf-vocabulary.ts';
import { createGrammarCompiler } from '../gguf/grammar-compiler.ts';
import { logNative } from '../gguf/log-native.ts';
import type { CompiledGrammar } from '../language-worker/generation/generation-task.ts';
import type { Vocabulary } from '../language-worker/vocabulary.ts';

export interface LoadedVocabulary {
  readonly vocabulary: Vocabulary;
  readonly chatTemplate: string | null;
  /** Rejects what llama.cpp cannot parse, before the request that needs it begins. */
  compileGrammar(gbnf: string): Promise<CompiledGrammar>;
  dispose(): Promise<void>;
}

/**
 * Reads all of a GGUF file but its weights, with the release of llama.cpp that llama-server is built from: so both
 * read texts and grammars alike, and no request has to ask the server for tokens.
 */
export async function loadVocabulary(modelPath: string, log: Log): Promise<LoadedVocabulary> {
  const llama = await getLlama({
    gpu: false,
    build: 'never',
    skipDownload: true,
    progressLogs: false,
    logLevel: LlamaLogLevel.error,
    logger: (level, message) => logNative(log, level, message),
  });
  const model = await llama.loadModel({ modelPath, vocabOnly: true, ignoreMemorySafetyChecks: true });
  const grammars = createGrammarCompiler(llama);
  return {
    vocabulary: createGgufVocabulary(model),
    chatTemplate: chatTemplateOf(model),
    compileGrammar: (gbnf) => grammars.compile(gbnf),
    dispose: () => llama.dispose(),
  };
}
