import { readFile, writeFile } from 'node:fs/promises';

const key = Buffer.from('tokenizer.chat_template');

/** Copies a GGUF model with another chat template in the place of its own, which must be as long or longer. */
export async function writeModelWithTemplate(from: string, to: string, template: string): Promise<void> {
  const file = await readFile(from);
  const lengthAt = file.indexOf(key) + key.length + 4;
  const length = Number(file.readBigUInt64LE(lengthAt));
  const left = length - Buffer.byteLength(template);
  if (left < 4) throw new Error(`The template must have at most ${length - 4} bytes`);
  file.write(`${template}{#${' '.repeat(left - 4)}#}`, lengthAt + 8);
  await writeFile(to, file);
}
