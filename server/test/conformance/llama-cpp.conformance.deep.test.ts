import { conformanceOf } from './conformance-of.ts';

await conformanceOf('smollm2-135m-instruct', { contextTokens: 2048, schemaCount: 200 });
