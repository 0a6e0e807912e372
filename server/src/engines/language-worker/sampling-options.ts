/** How the next token is chosen. Applied in this order: bias, penalties, top-k, top-p, min-p, temperature, draw. */
export interface SamplingOptions {
  /** 0 takes the most likely token. */
  readonly temperature: number;
  readonly topP: number;
  /** 0 keeps all tokens. */
  readonly topK: number;
  readonly minP: number;
  /** Divides (or multiplies) the logits of tokens already in the answer; 1 is off. */
  readonly repetitionPenalty: number;
  readonly presencePenalty: number;
  readonly frequencyPenalty: number;
  /** Added to logits, by token. */
  readonly logitBias: ReadonlyMap<number, number>;
  /** Unsigned 32 bits. */
  readonly seed: number;
}

/** What is used where neither the request nor the model's manifest says otherwise: nothing is cut off. */
export const defaultSampling = {
  temperature: 1,
  topP: 1,
  topK: 0,
  minP: 0,
  repetitionPenalty: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
} as const;

/** The manifest's `engineOptions` of the same names over the defaults above. */
export function samplingDefaults(
  engineOptions: Readonly<Record<string, string | number | boolean>>,
): Record<keyof typeof defaultSampling, number> {
  const defaults: Record<keyof typeof defaultSampling, number> = { ...defaultSampling };
  for (const name of Object.keys(defaults) as (keyof typeof defaultSampling)[]) {
    const value = engineOptions[name];
    if (typeof value === 'number') defaults[name] = value;
  }
  return defaults;
}
