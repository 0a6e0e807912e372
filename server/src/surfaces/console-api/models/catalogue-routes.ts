import { SamovarError } from '../../../kernel/errors.ts';
import { invalidCursor, type Page, type PageRequest, pageOf } from '../../../kernel/paging.ts';
import type { Database } from '../../../kernel/ports/database.ts';
import type { BoundRoute } from '../../../kernel/ports/http-routes.ts';
import {
  type CatalogueItem,
  listModels,
  type NewImport,
  type Recommendation,
  recommend,
} from '../../../modules/registry/index.ts';
import { consoleRoute } from '../console-route.ts';
import { pageReply, pageRequestOf } from '../page-query.ts';
import { catalogueEntryOf, catalogueList, catalogueQuery, usualEntries } from './catalogue-schema.ts';
import { largestRoom } from './largest-room.ts';

export interface CatalogueApi {
  readonly database: Database;
  catalogue(): Promise<readonly CatalogueItem[]>;
}

/** `/api/catalogue`: models that can be had, and which of them run here. */
export function catalogueRoutes(api: CatalogueApi): BoundRoute[] {
  return [
    consoleRoute(
      {
        id: 'console.catalogue.list',
        method: 'GET',
        path: '/api/catalogue',
        permission: 'models.read',
        audit: null,
        tag: 'Model management',
        summary: 'List models that can be had, what runs here first',
        description:
          'Whether one runs here is judged by the memory of the machines with models, with a usual context.',
        query: catalogueQuery,
        responses: { 200: { description: 'The catalogue.', schema: catalogueList } },
      },
      async ({ principal, query }) => {
        const [items, models, room] = await Promise.all([
          api.catalogue(),
          listModels(api.database, principal),
          largestRoom(api.database),
        ]);
        const states = new Map(models.map(({ name, state }) => [name, state]));
        const shown = recommend(items, room).filter(
          ({ item, recommended }) =>
            (query.group === undefined || item.groups.includes(String(query.group))) &&
            (query.name === undefined || item.name === query.name) &&
            (query.recommended !== true || recommended),
        );
        return pageReply(partOf(shown, pageRequestOf(query, usualEntries)), (one) =>
          catalogueEntryOf(one, states.get(one.item.name) ?? null),
        );
      },
    ),
  ];
}

/** Cursors are names of entries. Throws `request.invalid` for one that is none of them. */
function partOf(entries: readonly Recommendation[], page: PageRequest): Page<Recommendation> {
  const from = entries.findIndex(({ item }) => item.name === page.cursor) + 1;
  if (page.cursor !== null && from === 0) throw invalidCursor();
  return pageOf(entries.slice(from, from + page.limit + 1), page, ({ item }) => item.name);
}

/** What an entry means as an import. Throws `request.not_found`. */
export function importOfEntry({ catalogue }: Pick<CatalogueApi, 'catalogue'>) {
  return async (name: string): Promise<NewImport> => {
    const item = (await catalogue()).find((candidate) => candidate.name === name);
    if (item === undefined || item.packaged)
      throw new SamovarError('request.not_found', {
        params: { kind: 'entry of the catalogue', id: name.slice(0, 256) },
      });
    return { source: item.source, name: item.name, wanted: item.wanted };
  };
}
