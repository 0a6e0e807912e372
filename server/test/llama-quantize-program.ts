import { dirname, join } from 'node:path';
import { llamaServerProgram } from './llama-server-program.ts';

/** The llama-quantize beside the tests' llama-server: both are built together. */
export async function llamaQuantizeProgram(): Promise<string> {
  return join(dirname(await llamaServerProgram()), 'llama-quantize');
}
