import { reusableTokens } from '../language-worker/generation/cached-slot.ts';
import type { GenerationEnd } from '../language-worker/generation/generation-task.ts';
import type { TokenNode, TokenTree } from '../language-worker/generation/token-tree.ts';
import type { Vocabulary } from '../language-worker/vocabulary.ts';
import type { JsonObject } from '../worker-http/read-json-body.ts';
import { grammarBody, samplingBody } from './completion-body.ts';
import type { CompletionClient } from './completion-client.ts';
import { type ActiveRun, noteCache, type ServerSlot } from './server-slot.ts';
import { createStreamedAnswer } from './streamed-answer.ts';
import { createTokenProbe } from './token-probe.ts';

export interface SlotRunOptions {
  readonly client: CompletionClient;
  readonly vocabulary: Vocabulary;
  readonly contextTokens: number;
  /** `--batch-size`: prompts are evaluated in pieces of this many tokens. */
  readonly chunkTokens: number;
}

/** Seeds below this; the largest number of 32 bits means "a random one". */
const seeds = 2 ** 32 - 1;

/** Runs a task in a slot to its end. Rejects when llama-server fails or its request was aborted. */
export function createSlotRun({ client, vocabulary, contextTokens, chunkTokens }: SlotRunOptions) {
  const probe = createTokenProbe(client, vocabulary);

  /**
   * Makes the slot's cache end where a cold run's pieces would: llama-server goes on from the longest common prefix,
   * so the place of the next piece is overwritten with a token that is not the prompt's.
   */
  const alignCache = async (slot: ServerSlot, { task, abort }: ActiveRun): Promise<JsonObject> => {
    if (!task.reproducible) return { cache_prompt: true };
    const reused = reusableTokens(slot, task, chunkTokens);
    if (reused === 0) return { cache_prompt: false };
    const next = task.prompt[reused] ?? 0;
    if (reused >= slot.length || slot.tokens[reused] === next) {
      const prompt = [...task.prompt.subarray(0, reused), next === 0 ? 1 : 0];
      await client.complete({ prompt, id_slot: slot.index, cache_prompt: true, n_predict: 0 }, abort.signal);
    }
    return { cache_prompt: true };
  };

  const stream = async (slot: ServerSlot, run: ActiveRun, limit: number): Promise<GenerationEnd> => {
    const { task } = run;
    const body = {
      prompt: [...task.prompt],
      id_slot: slot.index,
      n_predict: limit,
      ...samplingBody(task.sampling),
      ...grammarBody(task),
      ...(await alignCache(slot, run)),
      return_progress: true,
    };
    const answer = createStreamedAnswer(vocabulary);
    const ended = (reason: GenerationEnd['reason']): GenerationEnd => {
      const { cachedTokens, answerTokens, told } = answer;
      noteCache(slot, run, { cachedTokens, answer: told, chunkTokens });
      return { reason, promptTokens: task.prompt.length, cachedTokens, answerTokens };
    };
    try {
      for await (const step of client.stream(body, run.abort.signal)) {
        const piece = answer.take(step);
        if (piece !== null && !task.onPiece(piece)) return ended('stopped');
        if (answer.answerTokens >= limit) break;
        await readerOf(run);
      }
      return ended(answer.ended ? 'end' : 'length');
    } catch (error) {
      if (!run.cancelled) throw error;
      return ended('cancelled');
    }
  };

  /** One request for each token: only so does llama-server tell every token and the model's own probabilities. */
  const stepwise = async (slot: ServerSlot, run: ActiveRun, limit: number): Promise<GenerationEnd> => {
    const { task } = run;
    const sampling = samplingBody(task.sampling);
    const tokens = [...task.prompt];
    const answer: number[] = [];
    let cachedTokens = 0;
    const ended = (reason: GenerationEnd['reason']) => {
      noteCache(slot, run, { cachedTokens, answer, chunkTokens });
      const promptTokens = task.prompt.length;
      return { reason, promptTokens, cachedTokens, answerTokens: answer.length };
    };
    try {
      let cache = await alignCache(slot, run);
      while (answer.length < limit) {
        const seed = (task.sampling.seed + answer.length) % seeds;
        const wanted = { slot: slot.index, top: task.topLogprobs ?? 0, signal: run.abort.signal };
        const found = await probe.next(tokens, { ...sampling, seed, ...cache }, wanted);
        if (answer.length === 0) cachedTokens = found.cachedTokens;
        cache = { cache_prompt: true };
        if (vocabulary.isEnd(found.token)) return ended('end');
        tokens.push(found.token);
        answer.push(found.token);
        if (!task.onPiece({ token: found.token, logprobs: found.logprobs, untold: null }))
          return ended('stopped');
        await readerOf(run);
      }
      return ended('length');
    } catch (error) {
      if (!run.cancelled) throw error;
      return ended('cancelled');
    }
  };

  /** Token by token, depth first: each finds what stands before it in the slot's cache. */
  const score = async (slot: ServerSlot, { task, abort }: ActiveRun, tree: TokenTree): Promise<void> => {
    const wanted = { slot: slot.index, top: 0, signal: abort.signal };
    const look = async (before: readonly number[], nodes: readonly TokenNode[]): Promise<void> => {
      for (const node of nodes) node.logprob = (await probe.of(before, node.token, wanted)).chosen;
      for (const { token, children } of nodes) await look([...before, token], children);
    };
    await look([...task.prompt], tree.roots);
  };

  const evaluate = async (slot: ServerSlot, run: ActiveRun): Promise<GenerationEnd> => {
    const { task } = run;
    const body = {
      prompt: [...task.prompt],
      id_slot: slot.index,
      n_predict: 0,
      cache_prompt: !task.reproducible,
    };
    const { cachedTokens } = await client.complete(body, run.abort.signal);
    noteCache(slot, run, { cachedTokens: cachedTokens ?? 0, answer: [], chunkTokens });
    return {
      reason: 'length',
      promptTokens: task.prompt.length,
      cachedTokens: cachedTokens ?? 0,
      answerTokens: 0,
    };
  };

  return async (slot: ServerSlot, run: ActiveRun): Promise<GenerationEnd> => {
    const { task } = run;
    if (task.continuations !== null) {
      const ended = { promptTokens: task.prompt.length, cachedTokens: 0, answerTokens: 0 };
      try {
        await score(slot, run, task.continuations);
      } catch (error) {
        if (!run.cancelled) throw error;
        return { reason: 'cancelled', ...ended };
      }
      noteCache(slot, run, { cachedTokens: 0, answer: [], chunkTokens });
      slot.exactTokens = 0;
      return { reason: 'length', ...ended };
    }
    const limit = Math.min(task.maxTokens, contextTokens - task.prompt.length);
    if (limit <= 0) return evaluate(slot, run);
    return task.topLogprobs === null ? stream(slot, run, limit) : stepwise(slot, run, limit);
  };
}

/** Waits while the reader is behind. */
async function readerOf(run: ActiveRun): Promise<void> {
  while (run.task.isPaused() && !run.abort.signal.aborted)
    await new Promise<void>((resolve) => {
      run.resume = resolve;
    });
  run.abort.signal.throwIfAborted();
}
