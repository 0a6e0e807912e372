import { conformanceOf } from './conformance-of.ts';

// A model whose template knows tools, and whose answers make sense.
await conformanceOf('qwen2.5-coder-0.5b-instruct', { contextTokens: 4096, schemaCount: 40 });
