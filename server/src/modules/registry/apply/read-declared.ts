import { isDeclaration } from '@samovar/contract/declaration';
import type { ModelManifest } from '@samovar/contract/worker-protocol';
import Type from 'typebox';
import Value from 'typebox/value';
import { SamovarError } from '../../../kernel/errors.ts';
import { firstFault, type SchemaFault } from '../../../kernel/schema-fault.ts';
import { normalName } from '../aliases/alias-name.ts';
import { withoutQuerySecrets } from '../imports/secret-source.ts';
import { parseManifest } from '../parse-manifest.ts';
import type { DeclaredDeployment, DeclaredModel, DeclaredSet } from './declared-set.ts';

const name = Type.String({ minLength: 1, maxLength: 256 });

/** What a folder may declare beside manifests: a document with `schema: samovar.apply/v1`. */
const declarationsSchema = Type.Object(
  {
    aliases: Type.Optional(
      Type.Record(Type.String({ minLength: 1 }), name, { description: 'Alias → model.' }),
    ),
    deployments: Type.Optional(
      Type.Array(
        Type.Object(
          {
            model: name,
            residency: Type.Optional(Type.Enum(['always', 'on-demand', 'stopped'])),
            pinned: Type.Optional(Type.Boolean()),
            engine: Type.Optional(Type.String({ minLength: 1 })),
          },
          { additionalProperties: false },
        ),
      ),
    ),
  },
  { additionalProperties: false },
);

export interface DeclaredDocument {
  /** Where it was found, for errors. */
  readonly path: string;
  readonly value: unknown;
  /** Why it could not be read: then there is no value. */
  readonly fault?: SamovarError;
  /** Where the files beside it lie, as a source; `null`: uploads, or the manifest's own sources. */
  readonly folder: string | null;
}

/** Sorts documents into what they declare; those that are none of ours are passed over, faulty ones told apart. */
export function readDeclared(documents: readonly DeclaredDocument[]): DeclaredSet {
  const models: DeclaredModel[] = [];
  const aliases: Record<string, string> = {};
  const deployments: DeclaredDeployment[] = [];
  const refused: { path: string; fault: SamovarError }[] = [];
  for (const document of documents)
    try {
      const declared = readDocument(document);
      if (declared === null) continue;
      if ('manifest' in declared) models.push(declared);
      else {
        for (const [alias, model] of Object.entries(declared.aliases ?? {}))
          aliases[normalName(alias)] = model;
        deployments.push(...(declared.deployments ?? []));
      }
    } catch (error) {
      if (!(error instanceof SamovarError)) throw error;
      refused.push({ path: document.path, fault: error });
    }
  return { models, aliases, deployments, refused };
}

/** `null` for a document that is none of ours. Throws `model.manifest_invalid`. */
function readDocument({
  path,
  value,
  fault: unread,
  folder,
}: DeclaredDocument): DeclaredModel | Type.Static<typeof declarationsSchema> | null {
  if (unread !== undefined) throw unread;
  if (!isDeclaration(value)) return null;
  const { schema, ...rest } = value;
  if (schema === 'samovar.model/v1') return { manifest: manifestOf(value, path), folder };
  if (schema === 'samovar.apply/v1') {
    if (!Value.Check(declarationsSchema, rest))
      throw invalid(path, firstFault(Value.Errors(declarationsSchema, rest)));
    return rest;
  }
  throw new SamovarError('model.manifest_invalid', {
    params: { name: path, reason: `its schema ${schema} is not known here` },
  });
}

/** A manifest is kept for ever, and shown. */
function manifestOf(value: unknown, path: string): ModelManifest {
  const manifest = parseManifest(value, path);
  for (const source of manifest.sources)
    if (withoutQuerySecrets(source) !== source)
      throw new SamovarError('model.manifest_invalid', {
        params: {
          name: path,
          reason: 'a source carries a secret in its address: import the model from there',
        },
      });
  return manifest;
}

function invalid(name: string, { path, reason }: SchemaFault): SamovarError {
  return new SamovarError('model.manifest_invalid', {
    params: { name, reason: `${path || 'it'} ${reason}` },
  });
}
