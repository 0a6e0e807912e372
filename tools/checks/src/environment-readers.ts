import { isProductCode, type SourceFile } from './source-files.ts';

const readers = ['server/src/config/', 'cli/src/settings.ts'];

/** Product files of the server and the CLI that read the environment without being its one reader. */
export function environmentReaders(files: readonly SourceFile[]): string[] {
  return files
    .filter((file) => /^(server|cli|contract)\/src\//.test(file.path) && isProductCode(file.path))
    .filter((file) => !readers.some((reader) => file.path.startsWith(reader)))
    .filter((file) => /\bprocess\.env\b|\benv\b[^;\n]*\bfrom 'node:process'/.test(file.text))
    .map((file) => file.path);
}
