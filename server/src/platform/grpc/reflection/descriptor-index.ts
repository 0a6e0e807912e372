import { type DescFile, type DescService, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';

/** What can be asked for, from the files that declare the served services and from all that these import. */
export interface DescriptorIndex {
  readonly services: readonly string[];
  /** The file of this name and what it imports, serialised; `null` for an unknown one. */
  filesOf(name: string): readonly Uint8Array[] | null;
  /** The name of the file that declares a full name. */
  fileDeclaring(symbol: string): string | null;
}

export function indexDescriptors(services: readonly DescService[]): DescriptorIndex {
  const files = new Map<string, DescFile>();
  const symbols = new Map<string, string>();
  const add = (file: DescFile): void => {
    const name = file.proto.name;
    if (files.has(name)) return;
    files.set(name, file);
    for (const symbol of symbolsOf(file)) symbols.set(symbol, name);
    for (const imported of file.dependencies) add(imported);
  };
  for (const service of services) add(service.file);
  const serialised = new Map<string, Uint8Array>();

  function bytesOf(file: DescFile): Uint8Array {
    const name = file.proto.name;
    const bytes = serialised.get(name) ?? toBinary(FileDescriptorProtoSchema, file.proto);
    serialised.set(name, bytes);
    return bytes;
  }

  return {
    services: [...new Set(services.map((service) => service.typeName))].sort(),
    filesOf(name) {
      const file = files.get(name);
      return file ? withImports(file).map(bytesOf) : null;
    },
    fileDeclaring: (symbol) => symbols.get(symbol) ?? null,
  };
}

/** The file and all that it imports, each before what it imports itself. */
function withImports(file: DescFile): DescFile[] {
  const found = new Set<DescFile>();
  const add = (next: DescFile): void => {
    if (found.has(next)) return;
    for (const imported of next.dependencies) add(imported);
    found.add(next);
  };
  add(file);
  return [...found].reverse();
}

function* symbolsOf(file: DescFile): Generator<string> {
  for (const service of file.services) {
    yield service.typeName;
    for (const method of service.methods) yield `${service.typeName}.${method.name}`;
  }
  for (const declared of file.enums) yield* symbolsOfEnum(declared);
  const messages = [...file.messages];
  for (let message = messages.pop(); message; message = messages.pop()) {
    yield message.typeName;
    for (const field of message.fields) yield `${message.typeName}.${field.name}`;
    for (const oneof of message.oneofs) yield `${message.typeName}.${oneof.name}`;
    for (const declared of message.nestedEnums) yield* symbolsOfEnum(declared);
    messages.push(...message.nestedMessages);
  }
}

function* symbolsOfEnum(declared: DescFile['enums'][number]): Generator<string> {
  yield declared.typeName;
  // The values of an enum are names beside it, not inside.
  const scope = declared.typeName.slice(0, declared.typeName.lastIndexOf('.') + 1);
  for (const value of declared.values) yield `${scope}${value.name}`;
}
