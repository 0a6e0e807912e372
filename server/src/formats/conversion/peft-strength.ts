import { type JsonRecord, numberMember, recordMember } from '../json-value.ts';
import { refusal } from '../refuse-files.ts';

/** How strong a PEFT adapter is, in the words of a GGUF adapter. */
export interface PeftStrength {
  /** Of the whole adapter: llama.cpp multiplies what each matrix adds by this divided by its rank. */
  readonly alpha: number;
  /** By what B of a module of this rank is multiplied, so that the module has the strength that PEFT gives it. */
  timesOf(module: string, rank: number): number;
}

/**
 * Reads `lora_alpha`, what modules have in its place (`alpha_pattern`), and `use_rslora`; their ranks are told by their
 * tensors. PEFT multiplies by alpha / rank, or, rank-stabilised, by alpha / √rank. Throws `model.refused`.
 */
export function readPeftStrength(config: JsonRecord): PeftStrength {
  const rank = numberMember(config, 'r') ?? 0;
  const stated = numberMember(config, 'lora_alpha') ?? 0;
  if (!(rank > 0 && stated > 0))
    throw refusal('adapter_config.json does not say how strong its adapter is (r, lora_alpha)');
  const isStabilised = config.use_rslora === true;
  const alpha = isStabilised ? stated * Math.sqrt(rank) : stated;
  const patterns = Object.entries(recordMember(config, 'alpha_pattern') ?? {});
  return {
    alpha,
    timesOf(module, moduleRank) {
      const own = patterns.find(([pattern]) => fits(pattern, module))?.[1] ?? stated;
      if (typeof own !== 'number' || !(own > 0))
        throw refusal('adapter_config.json has a strength in alpha_pattern that is no positive number');
      const wanted = own / (isStabilised ? Math.sqrt(moduleRank) : moduleRank);
      return wanted / (alpha / moduleRank);
    },
  };
}

/** PEFT's own rule: the end of the module's name, or a whole pattern; here names alone, since a pattern may be code. */
function fits(pattern: string, module: string): boolean {
  const name = pattern.replace(/^\^/, '').replace(/\$$/, '').replaceAll('\\.', '.');
  if (!/^[\w.]+$/.test(name))
    throw refusal(
      `adapter_config.json has the pattern ${pattern.slice(0, 80)}, which is no name of a module`,
    );
  return module === name || module.endsWith(`.${name}`);
}
