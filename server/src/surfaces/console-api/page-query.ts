import Type, { type TProperties, type TSchema } from 'typebox';
import type { Page, PageRequest } from '../../kernel/paging.ts';
import type { ManagementReply, ManagementRequest } from '../../kernel/ports/http-routes.ts';

const largest = 1000;
const usual = 100;

/** The query of a listing: its filters, and which page of it. */
export function pageQuery<Filters extends TProperties>(filters: Filters, usualLimit = usual) {
  return Type.Object(
    {
      ...filters,
      limit: Type.Optional(
        Type.Integer({ minimum: 1, maximum: largest, default: usualLimit, description: 'So many at most.' }),
      ),
      cursor: Type.Optional(
        Type.String({ maxLength: 2048, description: '`nextCursor` of the page before.' }),
      ),
    },
    { additionalProperties: false },
  );
}

export function pageRequestOf(
  { limit, cursor }: ManagementRequest['query'],
  usualLimit = usual,
): PageRequest {
  return {
    limit: typeof limit === 'number' ? limit : usualLimit,
    cursor: typeof cursor === 'string' ? cursor : null,
  };
}

/** A page of things of this schema, which has an example of one. */
export function pageObject<Item extends TSchema>(item: Item) {
  const [example] = 'examples' in item && Array.isArray(item.examples) ? item.examples : [];
  return Type.Object(
    {
      items: Type.Array(item),
      nextCursor: Type.Union([Type.String(), Type.Null()], {
        description: 'Pass it as `cursor` to get the next page; null on the last one.',
      }),
    },
    { additionalProperties: false, examples: [{ items: [example], nextCursor: null }] },
  );
}

/** Answers with a page, each of its things as clients see it. */
export function pageReply<T>({ items, nextCursor }: Page<T>, shown: (item: T) => object): ManagementReply {
  return { status: 200, body: { items: items.map(shown), nextCursor } };
}

/** The value of a query parameter that is one of these. */
export function oneOf<T extends string>(values: readonly T[], value: unknown): T | undefined {
  return values.find((one) => one === value);
}
