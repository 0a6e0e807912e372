import { SamovarError } from '../../../kernel/errors.ts';
import type { Scope } from '../../../kernel/principal.ts';
import { findServed } from '../aliases/find-served.ts';
import type { ModelSnapshot } from '../model-snapshot.ts';
import type { ServedModel } from '../served-model.ts';
import { checkFolder } from './check-folder.ts';
import type { ModelPolicy } from './model-policy.ts';
import { type AskedModelUri, type ModelScheme, type ModelUri, parseModelUri } from './parse-model-uri.ts';

export interface ResolvedModel {
  /** The name or alias of the registry that the URI means. */
  readonly name: string;
  /** `null` while the model is not ready, or archived: the inference module says what is in the way. */
  readonly served: ServedModel | null;
}

/**
 * The model that a URI means to this caller. Throws `request.model_uri_invalid`, `request.folder_mismatch`,
 * `model.not_found` or `model.wrong_task`.
 */
export function resolveModelUri(
  asked: AskedModelUri,
  caller: { readonly principal: Scope; readonly headers: Readonly<Record<string, string | undefined>> },
  policy: ModelPolicy,
): ResolvedModel {
  const { principal, headers } = caller;
  checkFolder(headers['x-folder-id'] ?? '', principal, policy, 'x-folder-id');
  const uri = parseModelUri(asked);
  checkFolder(uri.folder, principal, policy, asked.field);
  for (const name of candidates(uri)) {
    const served = findServed(policy.models, principal, name);
    if (served !== null) return { name, served: withTask(served, asked) };
    if (isKnown(policy.models, principal, name)) return { name, served: null };
  }
  throw new SamovarError('model.not_found', { params: { model: asked.text }, field: asked.field });
}

/**
 * Names of the registry that a URI can mean, the most exact first. A branch or a tuned version exists where a model or
 * an alias has such a name; the branch `latest` is also the plain name.
 */
function candidates({ name, branch, suffix }: ModelUri): string[] {
  const tail = suffix === null ? '' : `@${suffix}`;
  const exact = `${name}/${branch}${tail}`;
  return branch === 'latest' ? [exact, `${name}${tail}`] : [exact];
}

/** It exists, and does not answer. */
function isKnown({ pending, archived }: ModelSnapshot, scope: Scope, name: string): boolean {
  return [scope.projectId, scope.organizationId].some((owner) => {
    const key = `${owner}/${name}`;
    return pending.has(key) || archived.has(key);
  });
}

const tasks: Record<ModelScheme, readonly ServedModel['task'][]> = {
  gpt: ['chat'],
  cls: ['chat', 'embedding'],
  emb: ['embedding'],
};

function withTask(served: ServedModel, { text, scheme, field }: AskedModelUri): ServedModel {
  if (tasks[scheme].includes(served.task)) return served;
  throw new SamovarError('model.wrong_task', {
    params: { model: text, task: served.task },
    field,
  });
}
