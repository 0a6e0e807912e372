/** Prints a line on the standard output. */
export function printLine(text = ''): void {
  process.stdout.write(`${text}\n`);
}

/** Prints a line on the standard error: news of progress, never data. */
export function printNews(text: string): void {
  process.stderr.write(`${text}\n`);
}
