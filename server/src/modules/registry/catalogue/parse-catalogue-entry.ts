import { type CatalogueEntry, catalogueEntrySchema } from '@samovar/contract/catalogue-entry';
import Value from 'typebox/value';
import { SamovarError } from '../../../kernel/errors.ts';
import { firstFault } from '../../../kernel/schema-fault.ts';

/** Checks a parsed entry of the catalogue; throws `model.manifest_invalid` with the first fault. */
export function parseCatalogueEntry(value: unknown, label: string): CatalogueEntry {
  if (Value.Check(catalogueEntrySchema, value)) return value;
  const { path, reason } = firstFault(Value.Errors(catalogueEntrySchema, value));
  throw new SamovarError('model.manifest_invalid', {
    params: { name: label, reason: `${path || 'it'} ${reason}` },
  });
}
