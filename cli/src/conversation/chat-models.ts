import type { ApiClient } from '../api-client.ts';
import { CommandError } from '../command-error.ts';

interface Listed {
  readonly id: string;
  readonly samovar?: { readonly task?: string };
}

/** Names of the models that converse. */
export async function chatModels(client: ApiClient): Promise<readonly string[]> {
  const list = (await client.get('/v1/models')) as { readonly data: readonly Listed[] };
  return list.data.filter(converses).map((model) => model.id);
}

/** Throws when there is no such model, or when it does not converse: then with those that do. */
export async function requireChatModel(client: ApiClient, name: string): Promise<void> {
  const model = (await client.get(`/v1/models/${encodeURIComponent(name)}`)) as Listed;
  if (converses(model)) return;
  const others = await chatModels(client);
  throw new CommandError(
    `${name} makes embeddings; it cannot converse.`,
    others.length === 0
      ? '`samovar models` tells which models there are.'
      : `Take one of ${others.join(', ')}.`,
  );
}

function converses({ samovar }: Listed): boolean {
  return samovar?.task !== 'embedding';
}
