/**
 * What a file of a source is, by its name: `weights` in a form that is data alone, `text` (configurations,
 * vocabularies, licences), `pickle` (runs code when loaded), `code`, or `other` (pictures and what no model needs).
 */
export type FileKind = 'weights' | 'text' | 'pickle' | 'code' | 'other';

const forms: readonly (readonly [FileKind, RegExp])[] = [
  ['weights', /\.(gguf|safetensors|onnx|ort)$|\.onnx[._]data(_\d+)?$/i],
  [
    'pickle',
    /\.(bin|pt|pth|ckpt|pkl|pickle|joblib|dill|npy|npz|h5|hdf5|keras|msgpack|nemo|ot|pdparams|t7)$/i,
  ],
  ['code', /\.(py|pyc|pyd|ipynb|sh|bat|ps1|so|dll|dylib|exe|js|mjs|ts|jar|class|rb|pl|lua|wasm|cpp|c|cu)$/i],
  [
    'text',
    /\.(json|jinja|txt|md|model|tiktoken|vocab|ya?ml|bpe|spm)$|^(.*\/)?(licen[cs]e|notice|use_policy)[^/]*$/i,
  ],
];

export function kindOfFile(path: string): FileKind {
  return forms.find(([, form]) => form.test(path))?.[0] ?? 'other';
}
