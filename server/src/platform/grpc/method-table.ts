import type { DescMessage, Message, MessageShape } from '@bufbuild/protobuf';
import type { Permission } from '@samovar/contract/permissions';
import type { BoundGrpcMethod } from '../../kernel/ports/message-exchange.ts';

/** A method that answers each message of its stream of requests with one of its own, in order. Public. */
export interface ConversationMethod<Input extends DescMessage = DescMessage> {
  /** `/package.Service/Method` */
  readonly path: string;
  readonly input: Input;
  readonly output: DescMessage;
  answer(request: MessageShape<Input>): Message;
}

export interface MethodEntry {
  readonly input: DescMessage;
  readonly output: DescMessage;
  readonly permission: Permission | 'public';
  readonly serves:
    | { readonly kind: 'exchange'; readonly bound: BoundGrpcMethod }
    | { readonly kind: 'conversation'; readonly method: ConversationMethod };
}

/** The methods by the path under which they are called. Throws when two have the same. */
export function createMethodTable(
  methods: readonly BoundGrpcMethod[],
  conversations: readonly ConversationMethod[],
): ReadonlyMap<string, MethodEntry> {
  const table = new Map<string, MethodEntry>();
  const add = (path: string, entry: MethodEntry): void => {
    if (table.has(path)) throw new Error(`${path} is served twice`);
    table.set(path, entry);
  };
  for (const bound of methods) {
    const { descriptor, permission } = bound.method;
    const { input, output } = descriptor;
    const path = `/${descriptor.parent.typeName}/${descriptor.name}`;
    add(path, { input, output, permission, serves: { kind: 'exchange', bound } });
  }
  for (const method of conversations) {
    const { input, output } = method;
    add(method.path, { input, output, permission: 'public', serves: { kind: 'conversation', method } });
  }
  return table;
}
