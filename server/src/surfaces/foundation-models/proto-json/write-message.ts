import {
  createRegistry,
  type DescMessage,
  type JsonObject,
  type JsonValue,
  type Message,
  type MessageShape,
  toJson,
} from '@bufbuild/protobuf';
import { CompletionResponseSchema } from '@samovar/contract/generated/yandex/cloud/ai/foundation_models/v1/text_generation/text_generation_service_pb';

/** The types that a google.protobuf.Any of this API holds. */
const registry = createRegistry(CompletionResponseSchema);

/**
 * A message as the published service writes it: proto3 JSON with every field, also those that are not set (`""`, `[]`,
 * `false`, `"0"`, and `null` for messages). Members of a oneof are written only when they are set.
 */
export function writeMessage<Schema extends DescMessage>(
  schema: Schema,
  message: MessageShape<Schema>,
): JsonValue {
  const json: JsonValue = toJson(schema, message, { alwaysEmitImplicit: true, registry });
  return isObject(json) ? withNulls(schema, json) : json;
}

function withNulls(schema: DescMessage, json: JsonObject): JsonObject {
  for (const field of schema.fields) {
    const value = json[field.jsonName];
    if (field.fieldKind === 'message') {
      if (value === undefined) {
        if (field.oneof === undefined) json[field.jsonName] = null;
      } else if (isObject(value) && isPlain(field.message)) withNulls(field.message, value);
    } else if (field.fieldKind === 'list' && field.listKind === 'message' && Array.isArray(value)) {
      for (const item of value) if (isObject(item) && isPlain(field.message)) withNulls(field.message, item);
    }
  }
  return json;
}

function isPlain({ typeName }: { readonly typeName: Message['$typeName'] }): boolean {
  return !typeName.startsWith('google.protobuf.');
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
