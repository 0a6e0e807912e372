import { displayWidth, oneLine } from './displayed-text.ts';

/** Prints rows in aligned columns under their titles. Every row has one text per title. */
export function printTable(titles: readonly string[], rows: readonly (readonly string[])[]): void {
  const shown = [titles, ...rows].map((row) => row.map(oneLine));
  const widths = titles.map((_, column) => Math.max(...shown.map((row) => displayWidth(row[column] ?? ''))));
  for (const row of shown) {
    const line = row
      .map((text, column) => text + ' '.repeat((widths[column] ?? 0) - displayWidth(text)))
      .join('  ');
    process.stdout.write(`${line.trimEnd()}\n`);
  }
}
