import { isProductCode, type SourceFile } from './source-files.ts';

/** Table → module, read from the migrations: `NNNN_<module>_….sql` creates tables of that module. */
export function tableOwners(files: readonly SourceFile[], modules: readonly string[]): Map<string, string> {
  const owners = new Map<string, string>();
  for (const file of files) {
    const name = /server\/migrations\/\d+_([a-z_]+)\.sql$/.exec(file.path)?.[1]?.replaceAll('_', '-');
    const owner = modules
      .filter((module) => name === module || name?.startsWith(`${module}-`))
      .sort((left, right) => right.length - left.length)[0];
    if (owner === undefined) continue;
    for (const match of file.text.matchAll(/create table (?:if not exists )?"?([a-z_]+)"?/gi)) {
      if (match[1] !== undefined) owners.set(match[1].toLowerCase(), owner);
    }
  }
  return owners;
}

/** Places of the server that name a table of a module other than their own, `path: table (owner)`. */
export function foreignTableUses(
  files: readonly SourceFile[],
  owners: ReadonlyMap<string, string>,
): string[] {
  const faults: string[] = [];
  for (const file of files) {
    if (!file.path.startsWith('server/src/') || !isProductCode(file.path)) continue;
    const own = /^server\/src\/modules\/([^/]+)\//.exec(file.path)?.[1];
    for (const [table, owner] of owners) {
      if (owner !== own && namesTable(file.text, table)) faults.push(`${file.path}: ${table} (${owner})`);
    }
  }
  return faults;
}

function namesTable(text: string, table: string): boolean {
  const asString = new RegExp(
    `(?:selectFrom|insertInto|updateTable|deleteFrom|mergeInto|join|table|ref)\\w*\\(\\s*['"\`]${table}\\b`,
    'i',
  );
  const asSql = new RegExp(`\\b(?:from|join|into|update|copy)\\s+"?${table}"?\\b`, 'i');
  return asString.test(text) || asSql.test(text);
}
