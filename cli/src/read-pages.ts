import type { ApiClient } from './api-client.ts';

/** A page of a list as the console API answers with it. */
export interface PageAnswer<Item> {
  readonly items: readonly Item[];
  /** `null` on the last one. */
  readonly nextCursor: string | null;
}

/** Everything of a list, page by page. `path` may have filters behind `?`. */
export async function readPages<Item>(
  client: Pick<ApiClient, 'get'>,
  path: string,
): Promise<readonly Item[]> {
  const items: Item[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const part = new URLSearchParams({ limit: '1000', ...(cursor !== '' && { cursor }) });
    const whole = `${path}${path.includes('?') ? '&' : '?'}${part}`;
    // Servers of older releases give some lists whole, without a cursor.
    const page = (await client.get(whole)) as PageAnswer<Item> | Pick<PageAnswer<Item>, 'items'>;
    items.push(...page.items);
    cursor = 'nextCursor' in page ? page.nextCursor : null;
  }
  return items;
}
