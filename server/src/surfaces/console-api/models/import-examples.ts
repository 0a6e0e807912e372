export const importExample = {
  id: 'imp_019aaf0c1d3e7c5f8b2a4d6e8f0a1b2c',
  source: 'hf:Qwen/Qwen3-0.6B-GGUF:Q8_0',
  model: 'qwen3-0.6b',
  state: 'downloading',
  attempt: 1,
  resolved: {
    uri: 'hf:Qwen/Qwen3-0.6B-GGUF@23749fefcc72300e3a2ad315e1317431b06b590a/Qwen3-0.6B-Q8_0.gguf',
    revision: '23749fefcc72300e3a2ad315e1317431b06b590a',
    files: [{ path: 'Qwen3-0.6B-Q8_0.gguf', sizeBytes: 639446688, sha256: null }],
    notes: [],
    alternatives: [],
  },
  license: null,
  progress: {
    doneBytes: 33554432,
    totalBytes: 639446688,
    bytesPerSecond: 41943040,
    files: [{ path: 'Qwen3-0.6B-Q8_0.gguf', sizeBytes: 639446688, doneBytes: 33554432 }],
  },
  notes: [],
  failure: null,
  version: null,
  createdBy: 'key_019aaf0b7a107d3e9c4b5a6d7e8f9a0b',
  createdAt: '2026-11-23T12:00:00.000Z',
  updatedAt: '2026-11-23T12:00:01.000Z',
  endedAt: null,
};

export const newImportExample = { source: 'hf:Qwen/Qwen3-0.6B-GGUF:Q8_0', name: 'qwen3-0.6b' };
