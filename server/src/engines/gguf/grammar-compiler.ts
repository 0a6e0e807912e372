import type { Llama, LlamaGrammar } from 'node-llama-cpp';
import type { CompiledGrammar } from '../language-worker/generation/generation-task.ts';

/** Parses grammars (GBNF) and keeps the last ones for a while. */
export interface GrammarCompiler {
  /** Rejects when it cannot be parsed. */
  compile(gbnf: string): Promise<CompiledGrammar>;
  /** The parsed grammar of one that was compiled here. */
  nativeOf(grammar: CompiledGrammar): LlamaGrammar;
}

const keptGrammars = 32;

export function createGrammarCompiler(llama: Llama): GrammarCompiler {
  const kept = new Map<string, CompiledGrammar>();
  const natives = new WeakMap<CompiledGrammar, LlamaGrammar>();

  const compile = async (gbnf: string): Promise<CompiledGrammar> => {
    const grammar = { gbnf };
    natives.set(grammar, await llama.createGrammar({ grammar: gbnf }));
    return grammar;
  };
  return {
    async compile(gbnf) {
      const grammar = kept.get(gbnf) ?? (await compile(gbnf));
      kept.delete(gbnf);
      kept.set(gbnf, grammar);
      const oldest = kept.keys().next().value;
      if (kept.size > keptGrammars && oldest !== undefined) kept.delete(oldest);
      return grammar;
    },
    nativeOf(grammar) {
      const native = natives.get(grammar);
      if (native === undefined) throw new Error('the grammar was compiled by another engine');
      return native;
    },
  };
}
