/** Marks of formats in names of repositories: what remains is the model. */
const marks = /[-._](?:gguf|ggml|onnx|safetensors)$/i;

/**
 * What a model is called when nobody said: the last part of its source without revision, file ending and marks of
 * formats, in the letters that names may have. `hf:Qwen/Qwen3-8B-GGUF:Q4_K_M` gives `qwen3-8b`.
 */
export function nameFromSource(source: string): string {
  const path = source
    .replace(/^[a-z0-9+.-]+:/i, '')
    .replace(/[?#].*$/, '')
    .replace(/@[^/]*/, '')
    .replace(/:[^/]*$/, '');
  const last = path.split('/').filter(Boolean).at(-1) ?? 'model';
  const name = last
    .replace(/\.(gguf|safetensors|onnx|zip|tar|tgz|gz)$/i, '')
    .replace(marks, '')
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
    .slice(0, 128)
    .replace(/[^a-z0-9]+$/, '');
  return name === '' ? 'model' : name;
}
