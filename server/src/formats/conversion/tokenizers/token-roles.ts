/** Names of tokens' roles: in `tokenizer_config.json`, and in GGUF (where one is misspelt). */
export const tokenRoles = [
  { hub: 'bos', gguf: 'bos' },
  { hub: 'eos', gguf: 'eos' },
  { hub: 'unk', gguf: 'unknown' },
  { hub: 'sep', gguf: 'seperator' },
  { hub: 'pad', gguf: 'padding' },
  { hub: 'cls', gguf: 'cls' },
  { hub: 'mask', gguf: 'mask' },
] as const;

/** A role, as `tokenizer_config.json` calls it. */
export type TokenRole = (typeof tokenRoles)[number]['hub'];
