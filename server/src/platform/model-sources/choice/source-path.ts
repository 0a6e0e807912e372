import { SamovarError } from '../../../kernel/errors.ts';

const longestPath = 1024;

/** A path that a source names, if it stays in its folder; throws `model.refused` for others. */
export function checkedSourcePath(path: string): string {
  const parts = path.split('/');
  const escapes = parts.some((part) => part === '' || part === '.' || part === '..');
  if (escapes || path.length > longestPath || /[\\:]/.test(path) || hasControlCharacter(path))
    throw new SamovarError('model.refused', {
      params: { reason: `a file has the name ${JSON.stringify(path.slice(0, 200))}` },
    });
  return path;
}

function hasControlCharacter(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) < 32) return true;
  return false;
}
