import { isProductCode, type SourceFile } from './source-files.ts';

const hardLimitLines = 400;
const usualLimitLines = 150;
/** "Most" files stay under the usual limit. */
const leastShareUnderUsual = 0.8;

/** What is wrong with the sizes of hand-written files, one line each. */
export function fileSizeFaults(files: readonly SourceFile[]): string[] {
  const sizes = files
    .filter((file) => isProductCode(file.path))
    .map((file) => ({ path: file.path, lines: file.text.split('\n').length - 1 }));
  const faults = sizes
    .filter((size) => size.lines > hardLimitLines)
    .map((size) => `${size.path} has ${size.lines} lines; none may have more than ${hardLimitLines}`);
  const share = sizes.filter((size) => size.lines <= usualLimitLines).length / Math.max(1, sizes.length);
  if (share < leastShareUnderUsual) {
    faults.push(`only ${Math.round(share * 100)} % of the files have at most ${usualLimitLines} lines`);
  }
  return faults;
}
