import { getLlama } from 'node-llama-cpp';

/**
 * The library's own evaluation, in a process of its own (the native library is one for each process).
 * Arguments: a GGUF file and prompt tokens as JSON. Prints `[text, probability][]` of the next token.
 */
const [path = '', tokens = '[]'] = process.argv.slice(2);
const prompt = JSON.parse(tokens) as number[];
const llama = await getLlama({ gpu: false, build: 'never', skipDownload: true, maxThreads: 1 });
const model = await llama.loadModel({ modelPath: path });
const context = await model.createContext({ contextSize: 512, threads: 1, flashAttention: true });
const sequence = context.getSequence();
type Input = Parameters<typeof sequence.controlledEvaluate>[0];
const last = [prompt.at(-1), { generateNext: { probabilities: true } }];
const output = await sequence.controlledEvaluate([...prompt.slice(0, -1), last] as Input);
const next = output.at(-1)?.next.probabilities ?? new Map();
const described = [...next].map(([token, probability]) => [model.detokenize([token], true), probability]);
process.stdout.write(JSON.stringify(described));
await llama.dispose();
