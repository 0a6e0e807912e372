import { conformanceOf } from './conformance-of.ts';

await conformanceOf('smollm2-135m-instruct', { contextTokens: 1024, schemaCount: 12 });
