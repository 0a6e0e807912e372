/* Started by the benchmark: an engine that answers as a vLLM does, at a steady pace. */
import { startUpstream } from '../../../server/test/openai-upstream.ts';

const [, , port = '0', paceMs = '20', words = '100'] = process.argv;
await startUpstream({
  flavour: 'vllm',
  models: ['paced'],
  port: Number(port),
  paceMs: Number(paceMs),
  text: Array.from({ length: Number(words) }, (_, index) => `word${index}`).join(' '),
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
