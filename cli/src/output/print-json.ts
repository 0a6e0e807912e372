/** Prints a value as indented JSON on the standard output: what `--json` means in every command. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
