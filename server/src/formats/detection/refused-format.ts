import type { DetectedFormat } from './detect-format.ts';

/** Why files of a format are never taken; formats that are absent here are looked at further. */
const reasons: Partial<Record<DetectedFormat, string>> = {
  pickle: 'is a pickle: loading it would run the code in it (take the safetensors file of the same model)',
  hdf5: 'is an HDF5 file, as Keras writes them: it may carry code, and no engine here runs it',
  numpy: 'holds NumPy arrays, which may be pickles, and no engine here runs them',
  tflite: 'is a TensorFlow Lite model, which no engine here runs',
  executable: 'is a program',
  compressed: 'is compressed: unpack it, so that what is in it can be looked at',
  'old-ggml': 'is of a format before GGUF, which no engine here runs (convert it to GGUF)',
};

/** The end of a sentence that begins with the file's path; `null` when nothing speaks against the format. */
export function refusedFormat(format: DetectedFormat): string | null {
  return reasons[format] ?? null;
}

const codeNames =
  /\.(py|pyc|pyw|pyx|ipynb|so|dll|dylib|exe|sh|bat|cmd|ps1|js|mjs|cjs|ts|lua|rb|pl|jar|class)$/i;

/** Whether a file's name says that it is code, which no model needs here. */
export function isNamedLikeCode(path: string): boolean {
  return codeNames.test(path);
}
