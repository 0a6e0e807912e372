import { llamaServerProgram } from '../llama-server-program.ts';
import { conformanceOf } from './conformance-of.ts';

await conformanceOf('smollm2-135m-instruct', {
  contextTokens: 2048,
  schemaCount: 200,
  engine: { name: 'llama-server', program: llamaServerProgram },
});
