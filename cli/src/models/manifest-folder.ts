import { globSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { type Declaration, isDeclaration } from '@samovar/contract/declaration';
import { parseDocument } from 'yaml';
import { CommandError } from '../command-error.ts';
import { printNews } from '../output/print-line.ts';
import type { FolderBody } from './apply-answers.ts';

/** A folder of manifests: of this machine, or in a bucket that the server reads itself. */
export interface ManifestFolder {
  readonly body: FolderBody;
  /** Where a file of a model lies on this machine; `null` when it does not. */
  fileOf(model: string, fileName: string): string | null;
}

interface Found {
  readonly path: string;
  readonly document: Declaration;
}

/** How often it is told how far reading a large folder is. */
const tellEveryMs = 2000;

/** Reads the YAML documents of a folder, or of one file; `s3://…` is left to the server. */
export function readManifestFolder(place: string): ManifestFolder {
  if (place.startsWith('s3://')) return { body: { source: place }, fileOf: () => null };
  const found = documentsOf(place);
  return {
    body: { documents: found.map(({ path, document }) => ({ path, document })) },
    fileOf(model, fileName) {
      const path = fileBeside(found, model, fileName);
      if (path !== null) refuseOutside(place, path);
      return path;
    },
  };
}

function documentsOf(place: string): readonly Found[] {
  const isFolder = statSync(place, { throwIfNoEntry: false })?.isDirectory();
  if (isFolder === undefined) throw new CommandError(`There is no folder ${place}.`, 'Check the path.');
  const paths = isFolder
    ? globSync('**/*.{yaml,yml}', { cwd: place }).map((path) => join(place, path))
    : [place];
  let toldAt = performance.now();
  return paths.sort().flatMap((path, index) => {
    if (performance.now() - toldAt > tellEveryMs) {
      toldAt = performance.now();
      printNews(`read ${index} of ${paths.length} documents`);
    }
    const document = parsed(path);
    return isDeclaration(document) ? [{ path, document }] : [];
  });
}

function parsed(path: string): unknown {
  try {
    const document = parseDocument(readFileSync(path, 'utf8'), { logLevel: 'error' });
    const value: unknown = document.toJS();
    // A file of another program may have tags of its own; in one of ours they would be dropped in silence.
    const [fault] = isDeclaration(value) ? [...document.errors, ...document.warnings] : document.errors;
    if (fault !== undefined) throw fault;
    return value;
  } catch (error) {
    throw new CommandError(
      `${path} cannot be read as YAML: ${error instanceof Error ? error.message : String(error)}`,
      'Correct it.',
    );
  }
}

/** A manifest that somebody else wrote must not upload what lies elsewhere on this machine, by a link or by `..`. */
function refuseOutside(place: string, path: string): void {
  const folder = realpathSync(statSync(place).isDirectory() ? place : dirname(place));
  const real = realpathSync(path);
  if (!real.startsWith(folder.endsWith(sep) ? folder : folder + sep))
    throw new CommandError(
      `${path} leads out of the folder ${folder}.`,
      'Put the file itself into the folder of its manifest.',
    );
}

/** Beside its manifest, by the name that the manifest gives it, or by its path there. */
function fileBeside(found: readonly Found[], model: string, fileName: string): string | null {
  const manifest = found.find(({ document }) => document.name === model);
  if (manifest === undefined) return null;
  const files = Array.isArray(manifest.document.files) ? manifest.document.files : [];
  const file = files.find((one: { readonly name?: unknown }) => one.name === fileName);
  const folder = dirname(manifest.path);
  const places = [fileName, typeof file?.pathInSource === 'string' ? file.pathInSource : ''];
  return (
    places
      .filter((name) => name !== '')
      .map((name) => join(folder, name))
      .find((path) => statSync(path, { throwIfNoEntry: false })?.isFile()) ?? null
  );
}
