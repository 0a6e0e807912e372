import { opendir, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SamovarError } from '../../../kernel/errors.ts';
import type { SourceFile } from '../../../kernel/ports/model-source.ts';
import { pathInside } from '../../package-sources/path-inside.ts';
import { chooseFiles } from '../choice/choose-files.ts';
import { checkedSourcePath } from '../choice/source-path.ts';
import { downloadFile } from '../download/download-file.ts';
import type { Downloader } from '../download/wanted-file.ts';
import type { SchemeSource } from '../scheme-source.ts';
import { fileTag, localBytes } from './local-bytes.ts';

/** A folder with more files is no model's. */
const mostFiles = 10_000;

/**
 * `file:/…`: files and folders of this machine, inside the one folder that the operator named and nowhere else: a
 * link counts as what it points at. `root` is `null` where no folder was named.
 */
export function createLocalSource(root: string | null, downloader: Downloader): SchemeSource {
  async function place(uri: string): Promise<string> {
    if (root === null)
      throw invalid(
        uri,
        'this installation reads no files of its own machines, unless SAMOVAR_MODEL_FOLDER names a folder; `samovar models import ./FILE` uploads files of yours',
      );
    const found = await pathInside(root, pathOf(uri));
    // Whether something outside exists is nobody's business.
    if (found === null) throw invalid(uri, 'there is no such file in the folder that may be read');
    return found;
  }

  return {
    async resolve(uri) {
      const found = await place(uri);
      const isFolder = (await stat(found)).isDirectory();
      const folder = isFolder ? found : dirname(found);
      const all = await listFiles(folder, root ?? folder, isFolder);
      const path = isFolder ? null : basename(found);
      const choice = chooseFiles(all, { uri, quantization: null, path });
      return {
        files: choice.files,
        notes: choice.notes,
        uri,
        revision: null,
        license: null,
        alternatives: [],
      };
    },
    async fetch(resolved, file, target, options) {
      const found = await place(resolved.uri);
      const folder = (await stat(found)).isDirectory() ? found : dirname(found);
      const path = await pathInside(root ?? folder, join(folder, checkedSourcePath(file.path)));
      if (path === null) throw invalid(resolved.uri, 'there is no such file in the folder that may be read');
      const wanted = { ...file, uri: resolved.uri, tag: file.tag ?? null };
      return await downloadFile(downloader, localBytes(path), wanted, target, options);
    },
  };
}

async function listFiles(folder: string, root: string, isDeep: boolean): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  for await (const entry of await opendir(folder, { recursive: isDeep })) {
    if (entry.isDirectory()) continue;
    const path = join(entry.parentPath, entry.name);
    const target = await pathInside(root, path);
    if (target === null) continue;
    const found = await stat(target, { bigint: true });
    if (!found.isFile()) continue;
    if (files.length === mostFiles) throw invalid(`file:${folder}`, `it holds more than ${mostFiles} files`);
    files.push({
      path: checkedSourcePath(relative(folder, path).split(sep).join('/')),
      sizeBytes: Number(found.size),
      sha256: null,
      tag: fileTag(found),
    });
  }
  return files.sort((one, other) => (one.path < other.path ? -1 : 1));
}

function pathOf(uri: string): string {
  try {
    return fileURLToPath(uri);
  } catch {
    throw invalid(uri, 'it is written file:/path/on/the/machine');
  }
}

function invalid(source: string, reason: string): SamovarError {
  return new SamovarError('model.source_invalid', { params: { source, reason } });
}
