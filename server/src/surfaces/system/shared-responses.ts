import { isDeepStrictEqual } from 'node:util';

export interface JsonObject {
  readonly [name: string]: unknown;
}

/** Parts of an OpenAPI document that several operations share, by their names. */
export interface SharedResponses {
  /** A reference to this answer of an operation (its id), which is kept here once however many have it. */
  refer(operationId: string, status: string, response: JsonObject): JsonObject;
  /** What is referred to: `schemas` and `responses` of the document's `components`. */
  components(): JsonObject;
}

/**
 * Keeps the errors of a document: most operations answer with the same ones, which would make up half of it. They are
 * called by the surface and the status, `ConsoleError404`; the second of a kind `ConsoleError404-2`.
 */
export function createSharedResponses(): SharedResponses {
  const responses = new Map<string, JsonObject>();
  const schemas = new Map<string, JsonObject>();

  function shareSchema(kind: string, response: JsonObject): JsonObject {
    const { content } = response as { readonly content?: Readonly<Record<string, JsonObject>> };
    if (content === undefined) return response;
    const shared = Object.entries(content).map(([type, media]) => {
      const { schema, ...rest } = media as { readonly schema?: JsonObject };
      if (schema === undefined) return [type, media];
      return [type, { schema: { $ref: `#/components/schemas/${nameOf(schemas, kind, schema)}` }, ...rest }];
    });
    return { ...response, content: Object.fromEntries(shared) };
  }

  return {
    refer(operationId, status, response) {
      const kind = `${pascalCase(operationId.split('.')[0] ?? '')}Error`;
      const name = nameOf(responses, `${kind}${status}`, shareSchema(kind, response));
      return { $ref: `#/components/responses/${name}` };
    },
    components: () => ({ schemas: Object.fromEntries(schemas), responses: Object.fromEntries(responses) }),
  };
}

/** The name under which this very thing is kept, a new one where it is not yet. */
function nameOf(kept: Map<string, JsonObject>, wanted: string, thing: JsonObject): string {
  for (const [name, other] of kept) if (isDeepStrictEqual(other, thing)) return name;
  let name = wanted;
  for (let count = 2; kept.has(name); count += 1) name = `${wanted}-${count}`;
  kept.set(name, thing);
  return name;
}

/** `foundation-models` → `FoundationModels`. */
function pascalCase(words: string): string {
  return words.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
}
