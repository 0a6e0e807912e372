import type { JsonRecord } from '../../json-value.ts';

/** Files of a tokenizer, parsed. */
export interface HubTokenizer {
  /** `tokenizer.json`, or what a SentencePiece model says in its form. */
  readonly tokenizer: JsonRecord;
  /** `tokenizer_config.json`. */
  readonly config: JsonRecord | null;
  /** `config.json` of the model. */
  readonly model: JsonRecord;
  readonly generation: JsonRecord | null;
  readonly chatTemplate: string | null;
}
