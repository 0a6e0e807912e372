import { manyLines } from './displayed-text.ts';

/** Prints a piece of a model's answer. A terminal gets no escape sequences of a model's making; a file gets every byte. */
export function printAnswer(piece: string): void {
  process.stdout.write(process.stdout.isTTY ? manyLines(piece) : piece);
}
