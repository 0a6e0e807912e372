import {
  type KyselyPlugin,
  OperationNodeTransformer,
  type PluginTransformQueryArgs,
  type PluginTransformResultArgs,
  type QueryId,
  type RawNode,
  TableNode,
} from 'kysely';

class RawTableQualifier extends OperationNodeTransformer {
  readonly #schema: string;

  constructor(schema: string) {
    super();
    this.#schema = schema;
  }

  protected override transformRaw(node: RawNode, queryId?: QueryId): RawNode {
    const transformed = super.transformRaw(node, queryId);
    const parameters = transformed.parameters.map((parameter) =>
      TableNode.is(parameter) && parameter.table.schema === undefined
        ? TableNode.createWithSchema(this.#schema, parameter.table.identifier.name)
        : parameter,
    );
    return { ...transformed, parameters };
  }
}

/** Puts the schema before tables that handwritten SQL names by `sql.table('name')`; the builder's are not its matter. */
export function qualifyRawTables(schema: string): KyselyPlugin {
  const qualifier = new RawTableQualifier(schema);
  return {
    transformQuery: ({ node, queryId }: PluginTransformQueryArgs) => qualifier.transformNode(node, queryId),
    transformResult: async ({ result }: PluginTransformResultArgs) => result,
  };
}
