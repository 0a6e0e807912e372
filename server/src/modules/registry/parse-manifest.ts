import { modelManifestSchema } from '@samovar/contract/model-manifest';
import type { ModelManifest } from '@samovar/contract/worker-protocol';
import Value from 'typebox/value';
import { SamovarError } from '../../kernel/errors.ts';
import { firstFault } from '../../kernel/schema-fault.ts';
import { parseSource } from './model-source.ts';

/** Checks a parsed `model.yaml`; throws `model.manifest_invalid` with the first fault. `label` names it in the error. */
export function parseManifest(value: unknown, label: string): ModelManifest {
  const fault = (reason: string) =>
    new SamovarError('model.manifest_invalid', { params: { name: label, reason } });
  if (!Value.Check(modelManifestSchema, value)) {
    const { path, reason } = firstFault(Value.Errors(modelManifestSchema, value));
    throw fault(`${path || 'it'} ${reason}`);
  }
  if ((value.task === 'embedding') !== (value.embedding !== undefined))
    throw fault('`embedding` belongs to embedding models, and to all of them');
  if ((value.engine === 'remote') !== (value.files.length === 0))
    throw fault('`files` belong to models that run here, and to all of them; a `remote` one has none');
  if (new Set(value.files.map((file) => file.name)).size !== value.files.length)
    throw fault('two files have the same name');
  for (const source of value.sources) parseSource(source, value.files);
  return value;
}
