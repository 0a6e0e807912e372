/**
 * `/v1/models/{model}` as the framework writes it: `/v1/models/:model`; a last `{name+}` becomes `*`, and
 * `{id}:verb` what it reads as a parameter with a text behind it.
 */
export function toFrameworkPath(template: string): string {
  return template
    .replace(/\{(\w+)\+\}$/, '*')
    .replace(/\{(\w+)\}:(\w+)$/, ':$1([^:/]+)::$2')
    .replace(/\{(\w+)\}/g, ':$1');
}

/** The name of a last `{name+}` segment, else `null`. */
export function restParameter(template: string): string | null {
  return /\{(\w+)\+\}$/.exec(template)?.[1] ?? null;
}

/** Matches the paths that a template stands for. */
export function toPathPattern(template: string): RegExp {
  const parts = template.split('/').map((part) => {
    if (/^\{\w+\+\}$/.test(part)) return '.+';
    if (/^\{\w+\}$/.test(part)) return '[^/]+';
    const verb = /^\{\w+\}:(\w+)$/.exec(part)?.[1];
    if (verb !== undefined) return `[^/]+:${verb}`;
    return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('/')}$`);
}
