import { SamovarError } from '../../../kernel/errors.ts';
import { normalName } from '../aliases/alias-name.ts';

/** The kinds of models that are served, by the scheme of their URI. */
export type ModelScheme = 'gpt' | 'emb' | 'cls';

/** `scheme://folder/name/branch@suffix`, taken apart. */
export interface ModelUri {
  readonly scheme: ModelScheme;
  /** Empty and `0` mean the project of the key. */
  readonly folder: string;
  readonly name: string;
  /** `latest` where none is named. */
  readonly branch: string;
  /** Names a tuned version. */
  readonly suffix: string | null;
}

const form =
  /^(?<scheme>[a-z]+):\/\/(?<folder>[^/]*)\/(?<name>[^/@]+)(?:\/(?<branch>[^/@]*))?(?:@(?<suffix>[^/@]+))?$/;
const longest = 512;

/** A URI as a request has it, the field that it was in, and the scheme that belongs there. */
export interface AskedModelUri {
  readonly text: string;
  readonly scheme: ModelScheme;
  readonly field: 'modelUri' | 'model';
}

/** Takes a model URI of this scheme apart. Throws `request.model_uri_invalid`. */
export function parseModelUri({ text, scheme, field }: AskedModelUri): ModelUri {
  const invalidUri = (reason: string): SamovarError =>
    new SamovarError('request.model_uri_invalid', { params: { reason }, field });
  if (text === '') throw invalidUri('it is empty');
  if (text.length > longest) throw invalidUri(`it is longer than ${longest} characters`);
  const parts = form.exec(normalName(text))?.groups;
  if (!parts?.name)
    throw invalidUri(`\`${text}\` does not have the form ${scheme}://<folder>/<model>/<branch>`);
  if (parts.scheme !== scheme)
    throw invalidUri(`this method takes ${scheme}://<folder>/<model>, not \`${text}\``);
  return {
    scheme,
    folder: parts.folder ?? '',
    name: parts.name,
    branch: parts.branch || 'latest',
    suffix: parts.suffix ?? null,
  };
}
