import { runIdVariable } from '@samovar/contract/process-messages';

/** Settings and credentials that model workers have no business with. */
const kept = [
  'PATH',
  'HOME',
  'TMPDIR',
  'LANG',
  'LC_ALL',
  'TZ',
  'NODE_COMPILE_CACHE',
  'LD_LIBRARY_PATH',
  runIdVariable,
];
const keptPrefixes = ['CUDA_', 'NVIDIA_', 'HIP_', 'ROCR_', 'GGML_', 'VK_'];

/** What a model worker sees of this process's environment: where things lie and which accelerators to use, no secrets. */
export function workerEnvironment(): Readonly<Record<string, string>> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value === undefined) continue;
    if (kept.includes(name) || keptPrefixes.some((prefix) => name.startsWith(prefix)))
      environment[name] = value;
  }
  return environment;
}
